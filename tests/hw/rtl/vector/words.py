"""Words that a vector memory may hold, the difficult ones often."""

import numpy as np

from wingbeat.hw.arithmetic.fp32 import QUIET_NAN, SMALLEST_NORMAL, Float

SPECIAL = np.array(
    [0.0, -0.0, np.inf, -np.inf, QUIET_NAN, 1.0, -1.0, SMALLEST_NORMAL, -SMALLEST_NORMAL,
     np.finfo(np.float32).max, -np.finfo(np.float32).max, 127.0, 2.0**-60, 0.5],
    np.float32,
)  # fmt: skip
"""Zeros, infinities, the NaN and both ends of the normal numbers."""


def words(rng: np.random.Generator, count: int, special: float) -> Float:
    """Normal numbers of all sizes; a share `special` of them from a list, ties included."""
    size = rng.choice([0.1, 3.0, 30.0])
    values = rng.normal(size=count) * 2.0 ** (rng.normal(size=count) * size).clip(-120, 120)
    values[np.abs(values) < SMALLEST_NORMAL] = 0
    numbers: Float = values.astype(np.float32)
    chosen = rng.random(count) < special
    # a few of them only, or every sum would be a NaN
    few = rng.choice(SPECIAL, 3)
    numbers[chosen] = rng.choice(few, count)[chosen]
    return numbers
