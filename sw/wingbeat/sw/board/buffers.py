"""Pieces of device memory that a client holds, with the caches of a processor before them."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wingbeat.hw.errors import DeviceError
from wingbeat.sim.heap import Heap
from wingbeat.sw.board.hardware import Hardware


@dataclass
class HeldBuffer:
    """One allocation.

    Attributes
    ----------
    address : in device memory
    cached : what the processor sees of it, which is device memory only after a flush or invalidate
    """

    address: int
    cached: npt.NDArray[np.uint8]


class Buffers:
    """All allocations of one board.

    Parameters
    ----------
    hardware : whose memory it is
    heap : of that memory
    """

    def __init__(self, hardware: Hardware, heap: Heap) -> None:
        self._hardware = hardware
        self._heap = heap
        self._lock = threading.Lock()
        self._held: dict[str, HeldBuffer] = {}
        self._numbers = itertools.count(1)

    def allocate(self, size: int) -> str:
        """Take memory, and return the name of the buffer; DeviceError if there is no room."""
        if size < 1:
            raise DeviceError(f"a buffer must be at least 1 byte, not {size}")
        with self._lock:
            address = self._heap.allocate(size)
            name = f"buffer-{next(self._numbers)}"
            self._held[name] = HeldBuffer(address, np.zeros(size, np.uint8))
            return name

    def __getitem__(self, name: str) -> HeldBuffer:
        """Return a buffer; DeviceError if there is none of this name."""
        try:
            return self._held[name]
        except KeyError:
            raise DeviceError(
                f"buffer `{name}` must be held by the client, and is not: it was freed, or never "
                "allocated"
            ) from None

    def write(self, name: str, first: int, data: bytes) -> None:
        """Write what the processor sees."""
        cached = self[name].cached
        if first + len(data) > len(cached):
            raise DeviceError(
                f"buffer `{name}` must get {len(cached)} bytes at most, not {first + len(data)}"
            )
        cached[first : first + len(data)] = np.frombuffer(data, np.uint8)

    def flush(self, name: str) -> None:
        """Make the device see what the processor sees."""
        buffer = self[name]
        self._hardware.write_memory(buffer.address, buffer.cached)

    def invalidate(self, name: str) -> None:
        """Make the processor see what the device sees."""
        buffer = self[name]
        buffer.cached[:] = self._hardware.read_memory(buffer.address, len(buffer.cached))

    def free(self, name: str) -> None:
        """Give memory back."""
        with self._lock:
            self._heap.free(self[name].address)
            del self._held[name]

    def free_all(self) -> None:
        """Give back what a client left behind."""
        with self._lock:
            for buffer in self._held.values():
                self._heap.free(buffer.address)
            self._held.clear()
