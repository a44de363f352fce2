"""Backpressure: what `set_pause_generator` of a bus model takes, True where it pauses a cycle."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

Pauses = Callable[[int], Iterator[bool]]
"""Makes the pauses of one channel from a seed."""


def never(seed: int) -> Iterator[bool]:
    """Return no pauses."""
    return itertools.repeat(False)


def randomly(seed: int) -> Iterator[bool]:
    """Return pauses in four cycles of ten."""
    rng = random.Random(seed)
    while True:
        yield rng.random() < 0.4


def in_bursts(seed: int) -> Iterator[bool]:
    """Return up to 60 cycles of pause, then up to 30 without."""
    rng = random.Random(seed)
    while True:
        yield from itertools.repeat(True, rng.randrange(1, 60))
        yield from itertools.repeat(False, rng.randrange(1, 30))


ALL = [never, randomly, in_bursts]
