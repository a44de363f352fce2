"""A simulated board that can be told what to do wrong."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from wingbeat.hw.errors import DeviceError
from wingbeat.sim.rtl.board import SimulatedBoard


class FaultyBoard:
    """Passes on what is asked of `board`, except as `heal` says it does not."""

    def __init__(self, board: SimulatedBoard) -> None:
        self.board = board
        self._works = threading.Event()
        self.heal()

    def heal(self) -> None:
        """Do nothing wrong."""
        self.read: dict[int, int] = {}
        """Offset and value of registers that read as something else."""
        self.written: dict[int, int] = {}
        """Offset and value of registers that something else is written to."""
        self.deaf: set[int] = set()
        """Offsets of registers that writing does nothing to."""
        self.broken = False
        """Registers cannot be accessed."""
        self.flips: int | None = None
        """So many bytes into a long transfer a bit is flipped on its way into memory."""
        self._works.set()

    def hang(self) -> None:
        """Do not answer until it is healed."""
        self._works.clear()

    def read_register(self, offset: int) -> int:
        self._pass()
        value = self.board.read_register(offset)
        return self.read.get(offset, value)

    def write_register(self, offset: int, value: int) -> None:
        self._pass()
        if offset not in self.deaf:
            self.board.write_register(offset, self.written.get(offset, value))

    def read_memory(self, address: int, count: int) -> npt.NDArray[np.uint8]:
        self._works.wait()
        return self.board.read_memory(address, count)

    def write_memory(self, address: int, data: bytes) -> None:
        self._works.wait()
        if self.flips is not None and len(data) > self.flips:
            damaged = bytearray(data)
            damaged[self.flips] ^= 0x10
            data = bytes(damaged)
        self.board.write_memory(address, data)

    def reset(self) -> None:
        self.board.reset()

    def _pass(self) -> None:
        self._works.wait()
        if self.broken:
            raise DeviceError("broken")
