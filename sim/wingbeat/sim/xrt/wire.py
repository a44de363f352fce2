"""How calls travel over the socket: a header of fixed size that names the payload's, then it."""

from __future__ import annotations

import socket
from typing import Any

from google.protobuf.message import DecodeError

from wingbeat.hw.errors import DeviceError
from wingbeat.sim.xrt.messages import Call, answer_class, header_class, request_class

LARGEST = 64 << 20
"""Bytes of a payload, at most: what announces more is not XRT."""

_HEADER_BYTES = 14  # both fields: tag and 8 bytes, tag and 4 bytes


def receive(connection: socket.socket) -> tuple[Call | None, Any] | None:
    """Return the next call and its request, both None if it is an unknown one; None at the end.

    Raises
    ------
    DeviceError
        If it is no call of XRT.
    """
    front = _exactly(connection, _HEADER_BYTES)
    if front is None:
        return None
    try:
        header: Any = header_class(request=True).FromString(front)
        if header.size > LARGEST:
            raise DeviceError(
                f"a call's payload must have at most {LARGEST} bytes, not {header.size}"
            )
        payload = _exactly(connection, header.size)
        if payload is None:
            return None
        call = Call.of(header.xcl_api)
        return call, None if call is None else request_class(call).FromString(payload)
    except DecodeError as error:
        raise DeviceError(f"what comes in must be calls of XRT: {error}") from None


def send(connection: socket.socket, payload: bytes) -> None:
    """Answer a call."""
    header = header_class(request=False)(size=len(payload))
    connection.sendall(header.SerializeToString() + payload)


def answer(call: Call, **fields: object) -> bytes:
    """Return the payload of an answer."""
    return answer_class(call)(**fields).SerializeToString()


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    """Return so many bytes, or None if the other side hangs up first."""
    data = bytearray(count)
    view = memoryview(data)
    while view:
        got = connection.recv_into(view)
        if not got:
            return None
        view = view[got:]
    return bytes(data)
