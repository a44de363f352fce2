"""What carries a host's accesses to an accelerator, and all that a transport must be able to do.

Every call answers within a time that the transport knows to be generous, or raises `DeviceError`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


class Buffer(Protocol):
    """A piece of device memory."""

    @property
    def address(self) -> int:
        """Address of its first byte, as the accelerator's memory ports see it."""
        ...

    def read(self, offset: int, count: int) -> Bytes:
        """Return a copy of `count` bytes from `offset` on, as they lie in device memory now."""
        ...

    def write(self, offset: int, data: Bytes) -> None:
        """Write bytes from `offset` on; they are in device memory when the call returns."""
        ...

    def free(self) -> None:
        """Give the memory back; a second call does nothing."""
        ...


class Transport(Protocol):
    """Registers, memory and time of one accelerator."""

    @property
    def name(self) -> str:
        """What errors call the device."""
        ...

    @property
    def registers_in_flight(self) -> bool:
        """Whether registers may be read while a program runs."""
        ...

    def read_register(self, offset: int) -> int:
        """Read a word of `wingbeat.hw.register_map`, by its offset in bytes."""
        ...

    def write_register(self, offset: int, value: int) -> None:
        """Write a word of the register map."""
        ...

    def allocate(self, count: int, port: int) -> Buffer:
        """Take `count` bytes of memory that a memory port can reach, at a multiple of 4096.

        Raises
        ------
        DeviceError
            If there is no such room.
        """
        ...

    def wait(self, seconds: float) -> None:
        """Let the device work; what happens by itself on a board is simulated meanwhile."""
        ...

    def reset(self) -> None:
        """Make the accelerator idle, whatever state it is in; memory may be lost."""
        ...

    def close(self) -> None:
        """Give up the connection; a second call does nothing."""
        ...
