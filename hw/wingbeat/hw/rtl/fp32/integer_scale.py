"""A group's integer result times the scale of its weights."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import C, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.rtl.behaviour.platform import BEHAVIOURAL, model
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import (
    BIAS,
    EXPONENT_BITS,
    SIGNIFICAND_BITS,
    WIDTH,
    round_and_pack,
)
from wingbeat.hw.rtl.fp32.normalise import normalise

HALF_BITS = 16
_HALF = data.StructLayout({"fraction": 10, "exponent": 5, "sign": 1})
_SIGNIFICAND = 11
_LOWEST = -24  # exponent of the lowest bit of a subnormal half


class IntegerScale(wiring.Component):
    """`decode_half(scale) * integer`, rounded: one DSP slice.

    A half's exponent of 31 is an ordinary one, and a subnormal's significand just has leading
    zeros, so nothing here is special but zero. The leading zeros of both factors are counted while
    they are multiplied; the product has as many as both together, or one more.

    Attributes
    ----------
    integer : In(signed(`width`))
    scale : In(16), as `arithmetic.half` reads it
    product : Out(32), `LATENCY` cycles later; exact up to 24 significant bits
    """

    LATENCY = 3

    def __init__(self, width: int) -> None:
        self._width = width
        super().__init__(
            {"integer": In(signed(width)), "scale": In(HALF_BITS), "product": Out(WIDTH)}
        )

    def elaborate(self, platform: object) -> Module:
        """Multiply, normalise, round: a cycle each."""
        if platform is BEHAVIOURAL:
            integer = Cat(self.integer, self.integer[-1].replicate(32 - self._width))
            inputs = {"integer_": integer, "scale": self.scale}
            return model("integer_scale", self.LATENCY, self.product, **inputs)
        m = Module()
        scale = data.View(_HALF, self.scale)
        negative = self.integer < 0

        # 1: the product beside the leading zeros of its factors
        significand = Signal(_SIGNIFICAND)
        magnitude = Signal(self._width)
        m.d.comb += [
            significand.eq(Cat(scale.fraction, scale.exponent != 0)),
            magnitude.eq(Mux(negative, -self.integer, self.integer)),
        ]
        # as long as a significand at least, so that the last step finds all of its bits
        length = max(self._width + _SIGNIFICAND, SIGNIFICAND_BITS + 2)
        product = Signal(length, reset_less=True)
        m.d.sync += product.eq(magnitude * significand)
        _, zeros = normalise(m, magnitude, name="integer")
        _, scale_zeros = normalise(m, significand, name="scale")
        distance = Signal(ceil_log2(length), reset_less=True)
        unused = length - self._width - _SIGNIFICAND
        m.d.sync += distance.eq(zeros + scale_zeros + unused)
        sign = delay(m, negative ^ scale.sign, 2, name="sign")
        # of the product's lowest bit
        exponent = delay(m, Mux(scale.exponent == 0, 1, scale.exponent), 1, name="exponent")

        # 2: the leading one to the top, or one below
        normalised = delay(m, (product << distance)[:length], 1, name="normalised")
        zero = delay(m, product == 0, 1, name="zero")
        field = Signal(signed(EXPONENT_BITS), reset_less=True)
        m.d.sync += field.eq(exponent + (BIAS + _LOWEST - 1 + length - 2) - distance)

        # 3: round
        word = _rounded(m, sign, field, normalised, zero)
        m.d.comb += self.product.eq(delay(m, word, 1, name="word"))
        return m


def _rounded(m: Module, sign: Any, field: Any, value: Any, zero: Any) -> Any:
    """Return the word of a number whose leading one is in the highest or second highest place."""
    upper = value[-1]
    below = len(value) - SIGNIFICAND_BITS
    kept, rest = Signal(SIGNIFICAND_BITS), Signal(below)
    m.d.comb += Cat(rest, kept).eq(Mux(upper, value, value << 1))
    up = rest[-1] & (rest[:-1].any() | kept[0])
    exponent = Signal(signed(EXPONENT_BITS))
    m.d.comb += exponent.eq(field + upper)
    never = C(0, 1)
    return round_and_pack(sign, exponent, kept[:-1], up, nan=never, infinite=never, zero=zero)
