"""PYNQ.remote's calls, carried out on a board."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import grpc

from wingbeat.hw.errors import WingbeatError
from wingbeat.sw.board.board import Board
from wingbeat.sw.board.schema import CLASSES, SERVICES, Call

CHUNK = 1 << 20
"""Bytes of one message of a stream; gRPC refuses more than 4 MiB."""


class DeviceService:
    """Files and the FPGA manager; a client that only reads does not claim the board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def set_bitstream_attrs(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Refuse partial bitstreams."""
        self._board.claim.take(context.peer())
        if request.partial:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "a bitstream must not be a partial one")
        return {"status": True}

    def existsfile(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Say whether there is a file."""
        return {"exists": self._board.files.exists(request.file_path)}

    def readfile(self, request: Any, context: grpc.ServicerContext) -> Iterator[dict[str, Any]]:
        """Send a file."""
        data = self._board.files.read(request.file_path)
        for first in range(0, max(1, len(data)), CHUNK):
            yield {"data": data[first : first + CHUNK]}

    def writefile(self, requests: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Take a file; it is there when the last part has come."""
        self._board.claim.take(context.peer())
        path, parts = "", []
        for request in requests:
            path = path or request.file_path
            parts.append(request.data)
        self._board.files.write(path, b"".join(parts))
        return {}


class MmioService:
    """Words by address."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def get_mmio(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Open a range of addresses."""
        self._board.claim.take(context.peer())
        return {
            "status": True,
            "mmio_id": self._board.open_window(request.base_addr, request.length),
        }

    def read(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Read a word."""
        self._board.claim.take(context.peer())
        address = self._board.address(request.mmio_id, request.offset)
        return {"status": True, "data": self._board.bus.read(address)}

    def write(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Write a word."""
        self._board.claim.take(context.peer())
        if len(request.data) != 4:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"a write must be one word of 4 bytes, not {len(request.data)} bytes",
            )
        address = self._board.address(request.mmio_id, request.offset)
        self._board.bus.write(address, int.from_bytes(request.data, "little"))
        return {"status": True}


class BufferService:
    """Device memory in buffers; as on real boards, a transfer begins at a buffer's first byte."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def allocate(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Take memory."""
        self._board.claim.take(context.peer())
        return {"buffer_id": self._board.buffers.allocate(request.size)}

    def write(self, requests: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Take what the processor is to see."""
        self._board.claim.take(context.peer())
        name, written = "", 0
        for request in requests:
            name = name or request.buffer_id
            self._board.buffers.write(name, written, request.data)
            written += len(request.data)
        return {}

    def read(self, request: Any, context: grpc.ServicerContext) -> Iterator[dict[str, Any]]:
        """Send what the processor sees."""
        self._board.claim.take(context.peer())
        cached = self._board.buffers[request.buffer_id].cached
        for first in range(0, len(cached), CHUNK):
            yield {"data": cached[first : first + CHUNK].tobytes()}

    def flush(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Make the device see what the processor sees."""
        self._board.claim.take(context.peer())
        self._board.buffers.flush(request.buffer_id)
        return {}

    def invalidate(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Make the processor see what the device sees."""
        self._board.claim.take(context.peer())
        self._board.buffers.invalidate(request.buffer_id)
        return {}

    def physical_address(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Say where a buffer lies."""
        return {"address": self._board.buffers[request.buffer_id].address}

    def freebuffer(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        """Give memory back."""
        self._board.claim.take(context.peer())
        self._board.buffers.free(request.buffer_id)
        return {}


_SERVICES: dict[str, Callable[[Board], Any]] = {
    "remote_device.RemoteDevice": DeviceService,
    "mmio.Mmio": MmioService,
    "buffer.RemoteBuffer": BufferService,
}


def handlers(board: Board) -> list[grpc.GenericRpcHandler]:
    """Return what a gRPC server needs to serve a board."""
    found = []
    for service, calls in SERVICES.items():
        carried_out = _SERVICES[service](board)
        package = service.partition(".")[0]
        methods = {
            name: _handler(call, package, getattr(carried_out, name))
            for name, call in calls.items()
        }
        found.append(grpc.method_handlers_generic_handler(service, methods))
    return found


def _handler(call: Call, package: str, carry_out: Callable[..., Any]) -> grpc.RpcMethodHandler:
    request = CLASSES[f"{package}.{call.request}"]
    response = CLASSES[f"{package}.{call.response}"]
    kind = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
    }[call.streams_request, call.streams_response]
    wrapped = _streamed if call.streams_response else _answered
    return kind(
        wrapped(carry_out, response),
        request_deserializer=request.FromString,
        response_serializer=response.SerializeToString,
    )


def _answered(carry_out: Callable[..., dict[str, Any]], response: Any) -> Callable[..., Any]:
    """Answer with a message, and with an error where the protocol has room for it."""
    has_message = "msg" in response.DESCRIPTOR.fields_by_name

    @functools.wraps(carry_out)
    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return response(**carry_out(request, context))
        except WingbeatError as error:
            # a host does not look at the message of an allocation
            if has_message and "buffer_id" not in response.DESCRIPTOR.fields_by_name:
                return response(msg=str(error))
            _refuse(context, error)

    return answer


def _streamed(
    carry_out: Callable[..., Iterator[dict[str, Any]]], response: Any
) -> Callable[..., Any]:
    @functools.wraps(carry_out)
    def answer(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            for fields in carry_out(request, context):
                yield response(**fields)
        except WingbeatError as error:
            _refuse(context, error)

    return answer


def _refuse(context: grpc.ServicerContext, error: WingbeatError) -> NoReturn:
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    raise AssertionError("`abort` raises")
