"""Messages between XRT's hardware emulation and the process that is its device.

XRT 2022.1's calls (`rpc_messages.proto`), those that a host program of one kernel causes. Each is
declared once here: number, request and answer; the classes are made by the protobuf library.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

_FILE = "wingbeat_hw_emu.proto"

_Proto = descriptor_pb2.FieldDescriptorProto

_TYPES = {
    "bool": _Proto.TYPE_BOOL,
    "bytes": _Proto.TYPE_BYTES,
    "fixed32": _Proto.TYPE_FIXED32,
    "fixed64": _Proto.TYPE_FIXED64,
    "uint32": _Proto.TYPE_UINT32,
    "uint64": _Proto.TYPE_UINT64,
}


class Call(enum.IntEnum):
    """Numbers of the calls."""

    CLOSE = 1
    ALLOCATE = 4
    FREE = 5
    TO_DEVICE = 6
    FROM_DEVICE = 7
    WRITE_REGISTERS = 9
    READ_REGISTERS = 11
    DEBUG_MESSAGES = 19
    SET_ENVIRONMENT = 20

    @classmethod
    def of(cls, number: int) -> Call | None:
        """Return the call of a number, if wingbeat knows it."""
        return next((call for call in cls if call == number), None)


Fields = dict[str, tuple[int, str]]
"""Number and type of each field, by name."""


@dataclass(frozen=True)
class Signature:
    """What a call carries.

    Attributes
    ----------
    request, answer : fields that are read or written; others of a request are skipped
    """

    request: Fields
    answer: Fields


_ADDRESSED: Fields = {"addr": (2, "uint64"), "size": (3, "uint32"), "data": (4, "bytes")}

SIGNATURES: dict[Call, Signature] = {
    Call.SET_ENVIRONMENT: Signature({}, {"ack": (1, "bool")}),
    Call.ALLOCATE: Signature(
        {"ddraddress": (1, "uint64"), "size": (2, "uint64")}, {"ack": (1, "bool")}
    ),
    Call.FREE: Signature({"ddraddress": (1, "uint64")}, {"ack": (1, "bool")}),
    Call.TO_DEVICE: Signature(
        {"dest": (3, "uint64"), "src": (4, "bytes"), "size": (5, "uint64"), "seek": (6, "uint64")},
        {"size": (1, "uint64")},
    ),
    Call.FROM_DEVICE: Signature(
        {"src": (4, "uint64"), "size": (5, "uint64"), "skip": (6, "uint64")},
        {"size": (1, "uint64"), "dest": (2, "bytes")},
    ),
    Call.WRITE_REGISTERS: Signature(_ADDRESSED, {"valid": (1, "bool")}),
    Call.READ_REGISTERS: Signature(_ADDRESSED, {"valid": (1, "bool"), "data": (2, "bytes")}),
    Call.DEBUG_MESSAGES: Signature({}, {}),
    Call.CLOSE: Signature({}, {"valid": (1, "bool")}),
}

REQUEST_HEADER: Fields = {"size": (1, "fixed64"), "xcl_api": (2, "fixed32")}

ANSWER_HEADER: Fields = {"size": (1, "fixed64")}


@cache
def _classes() -> dict[str, Any]:
    """Make a message class of everything declared, by name."""
    file = descriptor_pb2.FileDescriptorProto(name=_FILE, syntax="proto2")
    _declare(file, "RequestHeader", REQUEST_HEADER)
    _declare(file, "AnswerHeader", ANSWER_HEADER)
    for call, signature in SIGNATURES.items():
        _declare(file, f"{call.name}_REQUEST", signature.request)
        _declare(file, f"{call.name}_ANSWER", signature.answer)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = message_factory.GetMessageClassesForFiles([_FILE], pool)
    return dict(found)


def _declare(file: descriptor_pb2.FileDescriptorProto, name: str, fields: Fields) -> None:
    message = file.message_type.add(name=name)
    for field, (number, kind) in fields.items():
        message.field.add(name=field, number=number, type=_TYPES[kind], label=_Proto.LABEL_OPTIONAL)


def request_class(call: Call) -> type[Message]:
    """Return the class of a call's request."""
    found: type[Message] = _classes()[f"{call.name}_REQUEST"]
    return found


def answer_class(call: Call) -> type[Message]:
    """Return the class of a call's answer."""
    found: type[Message] = _classes()[f"{call.name}_ANSWER"]
    return found


def header_class(request: bool) -> type[Message]:
    """Return the class of the fixed-size header before a request, or before an answer."""
    found: type[Message] = _classes()["RequestHeader" if request else "AnswerHeader"]
    return found
