"""FP32 as the vector machine computes it: no subnormals, one NaN."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]

SMALLEST_NORMAL = np.float32(2.0**-126)
QUIET_NAN = np.array(0x7FC00000, np.uint32).view(np.float32)[()]


def settle(values: Float) -> Float:
    """Make raw IEEE results what the hardware writes, in place.

    A subnormal becomes a zero of its sign; every NaN becomes the quiet NaN. The multiplier of the
    hardware has to honour that a product between the largest subnormal and the smallest normal
    number is first rounded as IEEE-754 does and only then replaced.

    Parameters
    ----------
    values : float32 array, overwritten

    Returns
    -------
    The same array.
    """
    magnitudes = np.abs(values)
    if values.size == 0:
        return values
    least = magnitudes.min()
    if least >= SMALLEST_NORMAL:
        return values  # nothing to do; a NaN makes the comparison false
    if np.isnan(least):
        # before the product, of which a signalling NaN would make NumPy tell
        values[np.isnan(values)] = QUIET_NAN
    # the product with False is a zero of the same sign; all others pass unchanged
    np.multiply(values, ~(magnitudes < SMALLEST_NORMAL), out=values)
    return values


def add(a: Float, b: Float) -> Float:
    """Return a + b."""
    return settle(np.add(a, b, dtype=np.float32))


def subtract(a: Float, b: Float) -> Float:
    """Return a - b."""
    return settle(np.subtract(a, b, dtype=np.float32))


def multiply(a: Float, b: Float) -> Float:
    """Return a * b."""
    return settle(np.multiply(a, b, dtype=np.float32))


def maximum(a: Float, b: Float) -> Float:
    """Return the larger, NaN if either is; +0 counts as larger than -0."""
    larger = np.where(a > b, a, b)
    tie = a == b
    # the sign bit of a tie is set only if both are negative: a zero of either sign is +0 then
    signs = np.bitwise_and(a.view(np.int32), b.view(np.int32)).view(np.float32)
    return settle(np.where(tie, signs, np.where(np.isnan(a), a, larger)).astype(np.float32))
