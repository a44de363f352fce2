"""What a board server needs of the hardware behind it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from wingbeat.hw.config import AcceleratorConfig

Bytes = npt.NDArray[np.uint8]


class Hardware(Protocol):
    """Registers and memory of one accelerator; any thread may call any method.

    `wingbeat.sim.rtl.board.SimulatedBoard` is one.
    """

    config: AcceleratorConfig

    def read_register(self, offset: int) -> int:
        """Read a register by its byte offset."""
        ...

    def write_register(self, offset: int, value: int) -> None:
        """Write a register."""
        ...

    def read_memory(self, address: int, count: int) -> Bytes:
        """Return a copy of bytes."""
        ...

    def write_memory(self, address: int, data: bytes | Bytes) -> None:
        """Write bytes."""
        ...

    def reset(self) -> None:
        """Make the accelerator idle; memory stays."""
        ...

    def close(self) -> None:
        """Stop."""
        ...
