"""The messages and calls of PYNQ.remote 4.0, as its published interface has them.

They are put into a descriptor pool of their own, so that no compiler is needed and nothing clashes
where the `pynq` package is loaded too. A test compares them with that package, field by field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "bool": _Field.TYPE_BOOL,
    "bytes": _Field.TYPE_BYTES,
    "int32": _Field.TYPE_INT32,
    "string": _Field.TYPE_STRING,
    "uint32": _Field.TYPE_UINT32,
    "uint64": _Field.TYPE_UINT64,
}

MESSAGES = {
    "remote_device": {
        "ReadFileRequest": "1 file_path string",
        "ReadFileResponse": "1 data bytes",
        "WriteFileRequest": "1 file_path string, 2 data bytes",
        "WriteFileResponse": "",
        "ExistsFileRequest": "1 file_path string",
        "ExistsFileResponse": "1 exists bool",
        "SetBitstreamAttrsRequest": "1 binfile_name string, 2 partial bool",
        "SetBitstreamAttrsResponse": "1 status bool",
    },
    "mmio": {
        "GetMmioRequest": "1 base_addr uint64, 2 length uint64",
        "GetMmioResponse": "1 status bool, 2 msg string?, 3 mmio_id string?",
        "ReadRequest": "1 mmio_id string, 2 length uint64, 3 offset uint64, 4 word_order string",
        "ReadResponse": "1 status bool, 2 msg string?, 3 data uint32?",
        "WriteRequest": "1 mmio_id string, 2 offset uint64, 3 data bytes",
        "WriteResponse": "1 status bool, 2 msg string?",
    },
    "buffer": {
        "AddressRequest": "1 buffer_id string",
        "AddressResponse": "2 msg string?, 3 address uint64?",
        "InvalidateRequest": "1 buffer_id string",
        "InvalidateResponse": "2 msg string?",
        "FlushRequest": "1 buffer_id string",
        "FlushResponse": "2 msg string?",
        "AllocateRequest": "1 size int32, 2 dtype string, 3 cacheable bool",
        "AllocateResponse": "2 msg string?, 3 buffer_id string?",
        "BufferWriteRequest": "1 buffer_id string, 2 data bytes, 3 start int32, 4 end int32",
        "BufferWriteResponse": "2 msg string?",
        "BufferReadRequest": "1 buffer_id string, 2 start int32, 3 end int32",
        "BufferReadResponse": "2 msg string?, 3 data bytes?",
        "FreeBufferRequest": "1 buffer_id string",
        "FreeBufferResponse": "2 msg string?",
    },
}
"""Fields by file and message, each as number, name and type; `?` marks one that may be absent."""


@dataclass(frozen=True)
class Call:
    """One remote call.

    Attributes
    ----------
    request, response : message names
    streams_request, streams_response : whether several messages follow each other
    """

    request: str
    response: str
    streams_request: bool = False
    streams_response: bool = False


SERVICES = {
    "remote_device.RemoteDevice": {
        "set_bitstream_attrs": Call("SetBitstreamAttrsRequest", "SetBitstreamAttrsResponse"),
        "existsfile": Call("ExistsFileRequest", "ExistsFileResponse"),
        "readfile": Call("ReadFileRequest", "ReadFileResponse", streams_response=True),
        "writefile": Call("WriteFileRequest", "WriteFileResponse", streams_request=True),
    },
    "mmio.Mmio": {
        "get_mmio": Call("GetMmioRequest", "GetMmioResponse"),
        "read": Call("ReadRequest", "ReadResponse"),
        "write": Call("WriteRequest", "WriteResponse"),
    },
    "buffer.RemoteBuffer": {
        "allocate": Call("AllocateRequest", "AllocateResponse"),
        "write": Call("BufferWriteRequest", "BufferWriteResponse", streams_request=True),
        "read": Call("BufferReadRequest", "BufferReadResponse", streams_response=True),
        "flush": Call("FlushRequest", "FlushResponse"),
        "invalidate": Call("InvalidateRequest", "InvalidateResponse"),
        "physical_address": Call("AddressRequest", "AddressResponse"),
        "freebuffer": Call("FreeBufferRequest", "FreeBufferResponse"),
    },
}
"""Calls by service. A host needs no others to run an accelerator without interrupts."""


def file_descriptor(package: str) -> descriptor_pb2.FileDescriptorProto:
    """Return the messages of a package as protobuf describes them."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    for name, fields in MESSAGES[package].items():
        message = file.message_type.add(name=name)
        for text in filter(None, fields.split(", ")):
            _add_field(message, *text.split())
    return file


def _add_field(message: descriptor_pb2.DescriptorProto, number: str, name: str, kind: str) -> None:
    field = message.field.add(
        name=name,
        number=int(number),
        type=_TYPES[kind.rstrip("?")],
        label=_Field.LABEL_OPTIONAL,
    )
    if kind.endswith("?"):
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")


def _classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    found = {}
    for package, messages in MESSAGES.items():
        pool.Add(file_descriptor(package))
        for name in messages:
            full = f"{package}.{name}"
            descriptor = pool.FindMessageTypeByName(full)
            found[full] = message_factory.GetMessageClass(descriptor)
    return found


CLASSES = _classes()
"""Message classes by full name, such as `mmio.ReadRequest`."""
