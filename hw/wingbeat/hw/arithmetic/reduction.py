"""Reductions of the vector machine, in an order that no configuration changes.

Element i goes to partial result i mod 128, in ascending order; the 128 partial results are joined
by a fixed tree. A machine with 4, 8 or 16 vector lanes revisits a partial result after 32, 16 or
8 cycles, which is no sooner than its adder's latency.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wingbeat.hw.arithmetic import fp32
from wingbeat.hw.arithmetic.fp32 import Float

PARTIALS = 128


def _partials(values: Float, identity: float) -> Float:
    """Pad the last axis (n) with `identity` and view it as (..., steps, 128)."""
    length = values.shape[-1]
    steps = max(1, -(-length // PARTIALS))
    padded = np.full((*values.shape[:-1], steps * PARTIALS), identity, np.float32)
    padded[..., :length] = values
    return padded.reshape(*values.shape[:-1], steps, PARTIALS)


def total(values: Float) -> Float:
    """Sum the last axis; partial results start at +0.

    The tree adds the upper half of the partial results to the lower half, seven times.
    """
    parts = _partials(values, 0.0)
    # sums of numbers that are not negative cannot become subnormal: nothing is to be settled
    add = np.add if parts.min() >= 0 else fp32.add
    sums = np.zeros_like(parts[..., 0, :])
    for step in range(parts.shape[-2]):
        sums = add(sums, parts[..., step, :])
    while sums.shape[-1] > 1:
        half = sums.shape[-1] // 2
        sums = add(sums[..., :half], sums[..., half:])
    return sums[..., 0]


def largest(values: Float) -> Float:
    """Return the maximum of the last axis, NaN if one is; -inf for no elements.

    The maximum does not depend on the order, but for the sign of a zero: +0 wins over -0.
    """
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], -np.inf, np.float32)
    result = values.max(axis=-1)
    zero = result == 0
    if zero.any():
        positive = ((values == 0) & ~np.signbit(values)).any(axis=-1)
        result = np.where(zero & positive, np.float32(0), result)
    return fp32.settle(np.asarray(result, np.float32))


def index_of_largest(values: Float) -> tuple[Float, npt.NDArray[np.int32]]:
    """Return the maximum of the last axis and where it is; the lowest index of equals.

    A NaN counts as -inf: it never beats a number, and a row of nothing else yields index 0. So does
    a row of no elements.
    """
    if values.shape[-1] == 0:
        return largest(values), np.zeros(values.shape[:-1], np.int32)
    comparable = np.where(np.isnan(values), np.float32(-np.inf), values)
    index = comparable.argmax(axis=-1).astype(np.int32)
    value = np.take_along_axis(comparable, index[..., None].astype(np.intp), axis=-1)[..., 0]
    return value.astype(np.float32), index
