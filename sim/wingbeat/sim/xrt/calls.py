"""What an emulated card does for each call of XRT."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from wingbeat.boards.xclbin.kernel import BASE_ADDRESS
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.register_map import ADDRESS_BITS
from wingbeat.sim.xrt.messages import Call
from wingbeat.sim.xrt.wire import answer

_WORD = struct.Struct("<I")


class Board(Protocol):
    """What a card consists of; `wingbeat.sim.rtl.board.SimulatedBoard` is one."""

    def read_register(self, offset: int) -> int:
        """Read a word of the register map."""
        ...

    def write_register(self, offset: int, value: int) -> None:
        """Write a word of the register map."""
        ...

    def read_memory(self, address: int, count: int) -> npt.NDArray[np.uint8]:
        """Return a copy of bytes of device memory."""
        ...

    def write_memory(self, address: int, data: bytes) -> None:
        """Write bytes of device memory."""
        ...

    def reset(self) -> None:
        """Make the accelerator idle."""
        ...


class Service:
    """One client's calls.

    Parameters
    ----------
    board : that they act on; which part of its memory is whose, XRT knows by itself
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._handlers: dict[Call, Callable[[Any], bytes]] = {
            Call.SET_ENVIRONMENT: lambda request: answer(Call.SET_ENVIRONMENT, ack=True),
            Call.ALLOCATE: lambda request: answer(Call.ALLOCATE, ack=True),
            Call.FREE: lambda request: answer(Call.FREE, ack=True),
            Call.TO_DEVICE: self._to_device,
            Call.FROM_DEVICE: self._from_device,
            Call.WRITE_REGISTERS: self._write_registers,
            Call.READ_REGISTERS: self._read_registers,
            Call.DEBUG_MESSAGES: lambda request: b"",
            Call.CLOSE: lambda request: answer(Call.CLOSE, valid=True),
        }

    def serve(self, call: Call | None, request: Any) -> bytes:
        """Return the payload that answers a call; an empty one if it is not known.

        Raises
        ------
        DeviceError
            If XRT has no way to be told that it failed.
        """
        return b"" if call is None else self._handlers[call](request)

    def _to_device(self, request: Any) -> bytes:
        self._board.write_memory(request.dest + request.seek, request.src)
        return answer(Call.TO_DEVICE, size=request.size)

    def _from_device(self, request: Any) -> bytes:
        data = self._board.read_memory(request.src + request.skip, request.size)
        return answer(Call.FROM_DEVICE, size=request.size, dest=data.tobytes())

    def _write_registers(self, request: Any) -> bytes:
        try:
            for index, (value,) in enumerate(_WORD.iter_unpack(request.data)):
                self._board.write_register(_offset(request.addr) + 4 * index, value)
        except (DeviceError, struct.error):
            return answer(Call.WRITE_REGISTERS, valid=False)
        return answer(Call.WRITE_REGISTERS, valid=True)

    def _read_registers(self, request: Any) -> bytes:
        try:
            offset = _offset(request.addr)
            words = [self._board.read_register(offset + i) for i in range(0, request.size, 4)]
        except DeviceError:
            return answer(Call.READ_REGISTERS, valid=False)
        data = b"".join(_WORD.pack(word) for word in words)
        return answer(Call.READ_REGISTERS, valid=True, data=data)


def _offset(address: int) -> int:
    offset = address - BASE_ADDRESS
    if not 0 <= offset < 1 << ADDRESS_BITS:
        raise DeviceError(f"no register lies at address {address:#x}")
    return offset


def refuse(call: Call | None) -> bytes:
    """Return the payload that tells a second client that there is nothing for it."""
    match call:
        case Call.ALLOCATE:
            return answer(call, ack=False)
        case Call.READ_REGISTERS | Call.WRITE_REGISTERS:
            return answer(call, valid=False)
        case Call.FROM_DEVICE:
            return answer(call, size=0, dest=b"")
        case Call.TO_DEVICE:
            return answer(call, size=0)
        case Call.SET_ENVIRONMENT | Call.FREE:
            return answer(call, ack=True)
        case Call.CLOSE:
            return answer(call, valid=True)
        case Call.DEBUG_MESSAGES | None:
            return b""
