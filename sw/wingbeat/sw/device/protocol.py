"""What the driver needs of a device, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from wingbeat.compiler.image import Image
from wingbeat.hw.control import State

Words = npt.NDArray[np.uint32]

Loading = Callable[[str, float], None]
"""Told what a device does with an image, and the share of it that is done."""


def silently(step: str, share: float) -> None:
    """Report no progress."""


class Device(Protocol):
    """One accelerator: memory that a host reads and writes, and a program that it starts.

    Everything else that the host and the program say to each other goes through the control
    block in device memory, so that a simulator and a board need the same few methods.
    """

    @property
    def name(self) -> str:
        """What `open_device` was asked for; errors begin with it."""
        ...

    @property
    def cycles(self) -> int:
        """Clock cycles that programs have run since the image was loaded."""
        ...

    def load(self, image: Image, progress: Loading = silently) -> None:
        """Check an image, and put its regions into device memory.

        Raises
        ------
        DeviceError
            If the image was made for another machine or another instruction set.
        ProgramError
            If the verifier refuses its program.
        """
        ...

    def start(self, arguments: Mapping[str, int]) -> None:
        """Start the program and return at once.

        Raises
        ------
        DeviceError
            If a program runs already, or an argument is missing, unknown or out of its range.
        """
        ...

    def advance(self, deadline: float) -> State:
        """Make progress, or wait for it, and return at the first news.

        News are: a token is published, the ring is full, the program has ended. Without any, the
        call returns RUNNING at the deadline.

        Parameters
        ----------
        deadline : value of `time.monotonic()`, seconds
        """
        ...

    def read(self, word: int, count: int) -> Words:
        """Return a copy of `count` 32-bit words of device memory on port 0, from `word` on."""
        ...

    def write(self, word: int, values: Sequence[int] | Words) -> None:
        """Write 32-bit words of device memory on port 0, from `word` on."""
        ...

    def abort(self) -> None:
        """Ask the program to stop; `advance` says when it has.

        It does at its next loop boundary, or at once if it waits for room in the ring.
        """
        ...

    def diagnose(self) -> str:
        """Return what is known about a program that makes no progress, for the end of an error."""
        ...

    def close(self) -> None:
        """Give up the device and its memory; a second call does nothing."""
        ...
