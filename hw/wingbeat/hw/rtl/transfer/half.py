"""Halves and raw words on their way in and out, without a register."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Signal

from wingbeat.hw.arithmetic.half import LARGEST_HALF
from wingbeat.hw.rtl.fp32.format import (
    BIAS,
    FRACTION_BITS,
    NAN_BITS,
    WIDTH,
    fields,
    is_nan,
    is_zero,
    significand,
)
from wingbeat.hw.rtl.fp32.normalise import normalise

HALF_BITS = 16
HALF_FRACTION_BITS = 10
HALF_BIAS = 15

_SMALLEST_FIELD = BIAS - HALF_BIAS + 1  # FP32 exponent field of the smallest normal half
_SHIFT = FRACTION_BITS - HALF_FRACTION_BITS
_LARGEST_BITS = int(LARGEST_HALF.astype(np.float16).view(np.uint16))
_LARGEST_WORD = int(LARGEST_HALF.view(np.uint32))


def settle(word: Any) -> Any:
    """Return a raw word as `arithmetic.fp32.settle` makes it: no subnormals, one NaN."""
    zero = Cat(C(0, WIDTH - 1), word[-1])
    return Mux(is_nan(word), C(NAN_BITS, WIDTH), Mux(is_zero(word), zero, word))


def decode_half(m: Module, half: Any, *, name: str) -> Any:
    """Return the FP32 word of a half, as `arithmetic.half.decode_half`.

    Parameters
    ----------
    m : module that gets the logic
    half : 16 bits
    name : of the intermediate signals
    """
    fraction = half[:HALF_FRACTION_BITS]
    exponent = half[HALF_FRACTION_BITS : HALF_BITS - 1]
    shifted, zeros = normalise(m, fraction, name=name)
    # a Cat and no Signal: its sign would be another name of the half's, and Verilator takes two
    # words that hold parts of each other for a loop
    normal, subnormal = exponent != 0, fraction != 0
    power = Mux(normal, exponent + (BIAS - HALF_BIAS), BIAS - HALF_BIAS - zeros)
    # the leading one of a subnormal leaves the fraction
    kept = Mux(normal, fraction, shifted << 1)[:HALF_FRACTION_BITS]
    power = Mux(normal | subnormal, power, 0)[: WIDTH - 1 - FRACTION_BITS]
    return Cat(C(0, _SHIFT), kept, power, half[-1])


def encode_half(m: Module, word: Any, *, name: str) -> Any:
    """Return the half of a non-negative FP32 word, as `arithmetic.half.encode_half`.

    Parameters
    ----------
    m : module that gets the logic
    word : 32 bits, the sign is ignored
    name : of the intermediate signals
    """
    exponent = fields(word).exponent
    # a significand that is shifted by more than its width and one can only round to 0
    furthest = FRACTION_BITS + 3
    shift = Signal(range(furthest + 1), name=f"{name}_shift")
    normal = exponent >= _SMALLEST_FIELD
    with m.If(normal):
        m.d.comb += shift.eq(_SHIFT)
    with m.Elif(exponent >= _SMALLEST_FIELD + _SHIFT - furthest):
        m.d.comb += shift.eq(_SMALLEST_FIELD + _SHIFT - exponent)
    with m.Else():
        m.d.comb += shift.eq(furthest)
    wide = Signal(FRACTION_BITS + 1 + furthest, name=f"{name}_wide")
    m.d.comb += wide.eq(Cat(C(0, furthest), significand(word)) >> shift)
    kept, guard, sticky = wide[furthest:], wide[furthest - 1], wide[: furthest - 1].any()
    half = Signal(HALF_BITS, name=f"{name}_half")
    # the leading one of a normal number raises the exponent by one, as does a carry
    field = Mux(normal, exponent - _SMALLEST_FIELD, 0)
    m.d.comb += half.eq((field << HALF_FRACTION_BITS) + kept + (guard & (sticky | kept[0])))
    result = Signal(HALF_BITS, name=name)
    magnitude = word[: WIDTH - 1]
    m.d.comb += result.eq(
        Mux(is_nan(word), 0, Mux(magnitude >= _LARGEST_WORD, _LARGEST_BITS, half))
    )
    return result
