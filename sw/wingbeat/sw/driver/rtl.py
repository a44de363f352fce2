"""The transport to an accelerator in Verilator, in this process: time passes while it is waited."""

from __future__ import annotations

import numpy as np

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import DeviceError
from wingbeat.sim.heap import Heap
from wingbeat.sim.rtl.chip import Chip
from wingbeat.sim.rtl.memory import MemoryPort, Timing
from wingbeat.sim.rtl.verilate import Optimise
from wingbeat.sim.rtl.waves import Waves
from wingbeat.sw.driver.placement import buffer_sizes
from wingbeat.sw.driver.transport import Bytes

SLICE = 2048
"""Cycles of one `wait`, however short that is to be."""


class RtlTransport:
    """A socket for accelerators: what is plugged in is the machine that an image is for.

    Parameters
    ----------
    timing, optimise, waves : see `Chip`
    """

    name = "rtl"
    registers_in_flight = True

    def __init__(self, timing: Timing | None, optimise: Optimise, waves: Waves | None) -> None:
        self._timing, self._optimise, self._waves = timing, optimise, waves
        self._heap = Heap(0, 0)
        self.memory = np.zeros(0, np.uint8)
        self._chip: Chip | None = None

    @property
    def chip(self) -> Chip:
        """What is plugged in."""
        if self._chip is None:
            raise DeviceError(f"device {self.name} must hold an image, and none is loaded")
        return self._chip

    def plug(self, image: Image) -> None:
        """Generate the machine for an image, with as much memory as the image needs."""
        config = image.manifest.config
        size = sum(buffer_sizes(image))
        self.close()
        self._heap = Heap(0, size)
        self.memory = np.zeros(size, np.uint8)
        ports = [MemoryPort({0: self.memory}, self._timing) for _ in range(config.ports)]
        self._chip = Chip(config, ports, self._optimise, self._waves)

    def read_register(self, offset: int) -> int:
        """Read a word of the register map."""
        return self.chip.read_register(offset)

    def write_register(self, offset: int, value: int) -> None:
        """Write a word of the register map."""
        self.chip.write_register(offset, value)

    def allocate(self, count: int, port: int) -> RtlBuffer:
        """Take a part of the memory, which all ports see."""
        return RtlBuffer(self, self._heap.allocate(count), count)

    def wait(self, seconds: float) -> None:
        """Run for a slice of cycles."""
        self.chip.step(SLICE)

    def reset(self) -> None:
        """Reset the accelerator; memory stays."""
        self.chip.reset()

    def close(self) -> None:
        """Complete the file of waves, and unplug the machine."""
        if self._chip is not None:
            self._chip.end_waves()
        self._chip = None

    def release(self, address: int) -> None:
        """Give back what `allocate` took."""
        self._heap.free(address)


class RtlBuffer:
    """A part of the memory of an `RtlTransport`."""

    def __init__(self, transport: RtlTransport, address: int, count: int) -> None:
        self._transport: RtlTransport | None = transport
        self.address = address
        self._bytes = transport.memory[address : address + count]

    def read(self, offset: int, count: int) -> Bytes:
        """Return a copy of bytes."""
        return self._bytes[offset : offset + count].copy()

    def write(self, offset: int, data: Bytes) -> None:
        """Write bytes."""
        self._bytes[offset : offset + len(data)] = data

    def free(self) -> None:
        """Give the memory back."""
        if self._transport is not None:
            self._transport.release(self.address)
        self._transport = None
