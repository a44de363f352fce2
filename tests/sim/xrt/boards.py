"""A board without an accelerator: plain registers and plain memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wingbeat.boards.xclbin.emulation import MEMORY_START
from wingbeat.hw.errors import DeviceError


class PlainBoard:
    """Keeps what is written."""

    def __init__(self, memory_bytes: int) -> None:
        self.memory = np.zeros(memory_bytes, np.uint8)
        self.registers: dict[int, int] = {}
        self.resets = 0

    def read_register(self, offset: int) -> int:
        return self.registers.get(offset, 0)

    def write_register(self, offset: int, value: int) -> None:
        self.registers[offset] = value

    def read_memory(self, address: int, count: int) -> npt.NDArray[np.uint8]:
        return self._view(address, count).copy()

    def write_memory(self, address: int, data: bytes) -> None:
        self._view(address, len(data))[:] = np.frombuffer(data, np.uint8)

    def reset(self) -> None:
        self.resets += 1

    def _view(self, address: int, count: int) -> npt.NDArray[np.uint8]:
        first = address - MEMORY_START
        if not 0 <= first <= first + count <= len(self.memory):
            raise DeviceError(f"no memory at {address:#x}")
        return self.memory[first : first + count]
