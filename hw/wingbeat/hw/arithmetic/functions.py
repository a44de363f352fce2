"""Functions of one FP32 argument: table plus quadratic polynomial, in FP32 steps.

Each interval [1, 2), or one octave, turn or unit of the reduced argument, is cut into 128
segments. With `r` the distance from the segment's start (exact in FP32), a function is
`c0 + r * (c1 + r * c2)`, every product and sum rounded: two multipliers, two adders and one
128 x 96 bit ROM, fully pipelined. The coefficients interpolate at Chebyshev nodes, computed with
50 decimal digits, so that they are the same on every machine.

Errors against float64 are stated at each function and tested.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import cache

import numpy as np
import numpy.typing as npt

from wingbeat.hw.arithmetic.fp32 import QUIET_NAN, Float

SEGMENTS = 128
_INDEX_BITS = 7
_FRACTION_BITS = 23

Coefficients = npt.NDArray[np.float32]


def _sine(turn_quarter: Decimal) -> Decimal:
    """sin(pi/2 * x) by its Taylor series."""
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582")
    angle = turn_quarter * pi / 2
    term = total = angle
    for n in range(1, 24):
        term *= -angle * angle / ((2 * n) * (2 * n + 1))
        total += term
    return total


_EXACT: dict[str, Callable[[Decimal], Decimal]] = {
    "exp2": lambda x: (x * Decimal(2).ln()).exp(),
    "reciprocal": lambda x: 1 / (1 + x),
    "rsqrt_even": lambda x: 1 / (1 + x).sqrt(),
    "rsqrt_odd": lambda x: 1 / (2 + 2 * x).sqrt(),
    "sine": _sine,
}


@cache
def table(name: str) -> Coefficients:
    """Return the ROM of one function on [0, 1): float32 (128, 3), lowest order first.

    Names: `exp2` 2**x, `reciprocal` 1/(1+x), `rsqrt_even` (1+x)**-1/2, `rsqrt_odd` (2+2x)**-1/2,
    `sine` sin(pi x / 2).
    """
    function = _EXACT[name]
    with localcontext() as context:
        context.prec = 50
        half_root3 = Decimal(3).sqrt() / 2
        width = Decimal(1) / SEGMENTS
        nodes = [width * (1 + sign * half_root3) / 2 for sign in (-1, 0, 1)]
        rows = []
        for segment in range(SEGMENTS):
            y0, y1, y2 = (function(segment * width + node) for node in nodes)
            x0, x1, x2 = nodes
            slope = (y1 - y0) / (x1 - x0)
            c2 = ((y2 - y1) / (x2 - x1) - slope) / (x2 - x0)
            c1 = slope - c2 * (x0 + x1)
            c0 = y0 - x0 * (c1 + c2 * x0)
            rows.append([float(c) for c in (c0, c1, c2)])
    if name == "sine":
        rows[0][0] = 0.0  # so that a position of 0 is not turned at all
    return np.array(rows, np.float64).astype(np.float32)


def _polynomial(coefficients: Coefficients, index: npt.NDArray[np.int32], r: Float) -> Float:
    """Evaluate the segment's quadratic at `r`.

    Products may be too small for a normal number, but then they vanish in the sum with the next
    coefficient whether they are replaced by zero or not: nothing is to be settled.
    """
    chosen = coefficients[index]
    result = chosen[..., 2] * r
    result += chosen[..., 1]
    result *= r
    result += chosen[..., 0]
    return result


def _split(fraction: Float) -> tuple[npt.NDArray[np.int32], Float]:
    """Split x in [0, 1] into segment and distance, both exact; 1 is the end of the last segment.

    1 arises where a tiny negative number, less its floor of -1, is rounded.
    """
    index = np.minimum((fraction * np.float32(SEGMENTS)).astype(np.int32), SEGMENTS - 1)
    return index, fraction - index.astype(np.float32) * np.float32(1 / SEGMENTS)


def _scaled(values: Float, exponents: npt.NDArray[np.int32]) -> Float:
    """Return values * 2**exponents, an addition to the exponent field; inf or 0 outside of it."""
    bits = values.view(np.int32)
    field = (bits >> _FRACTION_BITS) + exponents
    moved = (bits + (exponents << _FRACTION_BITS)).view(np.float32)
    if field.size and (field.max() >= 0xFF or field.min() <= 0):
        moved = np.where(field >= 0xFF, np.float32(np.inf), moved)
        moved = np.where(field <= 0, np.float32(0), moved)
    return moved


def exp2(x: Float) -> Float:
    """2**x; relative error below 1.3e-7. 0 below -126, infinity from 128 on."""
    inside = (x >= -126) & (x < 128)
    ordinary = inside.all()
    safe = x if ordinary else np.where(inside, x, np.float32(0))
    whole = np.floor(safe)
    index, r = _split(safe - whole)
    power = _scaled(_polynomial(table("exp2"), index, r), whole.astype(np.int32))
    if ordinary:
        return power
    outside = np.where(x > 0, np.float32(np.inf), np.float32(0))
    outside = np.where(np.isnan(x), QUIET_NAN, outside)
    return np.where(inside, power, outside)


def _significand(x: Float) -> tuple[npt.NDArray[np.int32], Float, npt.NDArray[np.int32]]:
    """Return segment, distance and unbiased exponent of |x| = (1 + segment/128 + r) * 2**e."""
    bits = x.view(np.int32)
    index = (bits >> (_FRACTION_BITS - _INDEX_BITS)) & (SEGMENTS - 1)
    low = bits & ((1 << (_FRACTION_BITS - _INDEX_BITS)) - 1)
    exponent = ((bits >> _FRACTION_BITS) & 0xFF) - 127
    return index, low.astype(np.float32) * np.float32(2.0**-23), exponent


def reciprocal(x: Float) -> Float:
    """1/x; relative error below 1.3e-7. An infinity for a zero, a zero for an infinity."""
    index, r, exponent = _significand(x)
    result = _scaled(_polynomial(table("reciprocal"), index, r), -exponent)
    ordinary = np.isfinite(x) & (x != 0)
    if not ordinary.all():
        result = np.where(x == 0, np.float32(np.inf), np.where(np.isinf(x), 0, result))
        result = np.where(np.isnan(x), QUIET_NAN, result).astype(np.float32)
        return np.where(np.isnan(x), QUIET_NAN, np.copysign(result, x))
    return np.copysign(result, x)


def rsqrt(x: Float) -> Float:
    """1/sqrt(x); relative error below 1.3e-7. Infinity for a zero, NaN below."""
    index, r, exponent = _significand(x)
    both = np.concatenate([table("rsqrt_even"), table("rsqrt_odd")])
    root = _polynomial(both, index + SEGMENTS * (exponent & 1), r)
    result = _scaled(root, -(exponent >> 1))
    result = np.where(x == 0, np.float32(np.inf), np.where(np.isposinf(x), 0, result))
    return np.where((x < 0) | np.isnan(x), QUIET_NAN, result).astype(np.float32)


def _sine_of_quarters(x: Float, shift: int) -> Float:
    """sin(2 pi x + shift * pi / 2) for x in turns."""
    finite = np.isfinite(x)
    turn = np.where(finite, x, np.float32(0))
    turn = turn - np.floor(turn)  # exact, but for a tiny negative turn, which rounds to 1
    quarters = turn * np.float32(4)
    whole = np.floor(quarters)
    position = quarters - whole
    quadrant = (whole.astype(np.int32) + shift) & 3
    mirrored = (quadrant & 1).astype(bool)
    index, r = _split(np.where(mirrored, np.float32(1) - position, position))
    value = _polynomial(table("sine"), index, r)
    value = np.where(quadrant >= 2, np.negative(value), value)
    return np.where(finite, value, QUIET_NAN)


def sine(x: Float) -> Float:
    """sin(2 pi x), x in turns; absolute error below 2.5e-7. NaN for an infinity."""
    return _sine_of_quarters(x, 0)


def cosine(x: Float) -> Float:
    """cos(2 pi x), x in turns; absolute error below 2.5e-7. NaN for an infinity."""
    return _sine_of_quarters(x, 1)
