"""The fields of an FP32 word, its classes, and the last step of every rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth.hdl import C, Cat, Mux
from amaranth.lib import data

from wingbeat.hw.arithmetic.fp32 import QUIET_NAN

WIDTH = 32
FRACTION_BITS = 23
SIGNIFICAND_BITS = FRACTION_BITS + 1
"""Bits of a significand with its leading one."""

BIAS = 127
LARGEST_FIELD = 0xFF
"""Exponent field of infinities and NaNs."""

EXPONENT_BITS = 10
"""Bits of a signed exponent field inside a pipeline: products reach from -127 to 382."""

LAYOUT = data.StructLayout({"fraction": FRACTION_BITS, "exponent": 8, "sign": 1})
"""An FP32 word, least significant field first."""

NAN_BITS = int(np.array(QUIET_NAN).view(np.uint32))
INFINITY_BITS = LARGEST_FIELD << FRACTION_BITS


def fields(word: Any) -> Any:
    """Return a 32-bit word as a view with fraction, exponent and sign."""
    return data.View(LAYOUT, word)


def is_zero(word: Any) -> Any:
    """Whether a word counts as zero; a subnormal, which no unit ever writes, does."""
    return fields(word).exponent == 0


def is_infinite(word: Any) -> Any:
    """Whether a word is an infinity of either sign."""
    return word[: WIDTH - 1] == INFINITY_BITS


def is_nan(word: Any) -> Any:
    """Whether a word is a NaN."""
    return word[: WIDTH - 1] > INFINITY_BITS


def significand(word: Any) -> Any:
    """Return the 24-bit significand of a finite number, 0 for a zero."""
    return Mux(is_zero(word), 0, Cat(fields(word).fraction, C(1, 1)))


def round_and_pack(
    sign: Any, exponent: Any, fraction: Any, up: Any, *, nan: Any, infinite: Any, zero: Any
) -> Any:
    """Return the word of a rounded result.

    Parameters
    ----------
    sign : 1 bit
    exponent : signed(10), exponent field before rounding; any value
    fraction : 23 bits below the leading one
    up : 1 bit, whether the magnitude is rounded up; a carry runs into the exponent, as it should
    nan, infinite, zero : 1 bit each, what the result is whatever the numbers say, by precedence

    Returns
    -------
    32 bits: infinity above the largest number, a zero of the sign below the smallest normal one.
    """
    rounded = (Cat(fraction, exponent) + up)[: FRACTION_BITS + EXPONENT_BITS]
    field = rounded[FRACTION_BITS:].as_signed()
    magnitude = Mux(
        infinite | (field >= LARGEST_FIELD),
        INFINITY_BITS,
        Mux(zero | (field <= 0), 0, rounded[: WIDTH - 1]),
    )
    return Mux(nan, C(NAN_BITS, WIDTH), Cat(magnitude[: WIDTH - 1], sign))
