"""One board as its clients meet it: claim, files, buses, buffers."""

from __future__ import annotations

import itertools

from wingbeat.boards.overlay.bitfile import read_firmware
from wingbeat.boards.overlay.design import Design
from wingbeat.hw.errors import BitstreamError, DeviceError
from wingbeat.sim.heap import Heap
from wingbeat.sw.board.buffers import Buffers
from wingbeat.sw.board.bus import Bus
from wingbeat.sw.board.claim import Claim
from wingbeat.sw.board.files import Files
from wingbeat.sw.board.hardware import Hardware

FIRST_ALLOCATION = 1 << 20
"""Address from which buffers are taken: what lies below is Linux's, and no buffer is at 0."""


class Board:
    """What a server serves.

    Parameters
    ----------
    design : what lies in the fabric
    hardware : the accelerator and its memory
    """

    def __init__(self, design: Design, hardware: Hardware) -> None:
        self._design = design
        self._hardware = hardware
        heap = Heap(FIRST_ALLOCATION, design.memory_bytes - FIRST_ALLOCATION)
        self.buffers = Buffers(hardware, heap)
        self.bus = Bus(design, hardware)
        self.files = Files(design.processor, self._program)
        self.claim = Claim(self._clear)
        self._windows: dict[str, tuple[int, int]] = {}
        self._numbers = itertools.count(1)

    def open_window(self, base: int, length: int) -> str:
        """Return the name of a range of addresses; DeviceError if it is none."""
        if length < 1:
            raise DeviceError(f"a range of registers must be at least 1 byte, not {length}")
        name = f"mmio-{next(self._numbers)}"
        self._windows[name] = (base, length)
        return name

    def address(self, window: str, offset: int) -> int:
        """Return the address of a word in a range; DeviceError if it lies outside."""
        if window not in self._windows:
            raise DeviceError(f"range `{window}` must be opened by the client, and is not")
        base, length = self._windows[window]
        if offset % 4 or offset + 4 > -(-length // 4) * 4:
            raise DeviceError(
                f"offset {offset:#x} must be a multiple of 4 within the {length:#x} bytes from "
                f"{base:#x}"
            )
        return base + offset

    def close(self) -> None:
        """Stop the hardware."""
        self._hardware.close()

    def _clear(self) -> None:
        """Take away what the last client had, and end what it left running."""
        self.buffers.free_all()
        self._windows.clear()
        self._hardware.reset()

    def _program(self, firmware: bytes) -> None:
        description = read_firmware(firmware)
        if description.config.digest != self._design.config.digest:
            raise BitstreamError(
                f"the bitstream must be of configuration {self._design.config.digest}, which this "
                f"server simulates, not of {description.config.digest}: start a server for that one"
            )
        self._hardware.reset()
