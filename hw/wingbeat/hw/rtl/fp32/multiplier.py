"""FP32 multiplication."""

from __future__ import annotations

from typing import ClassVar

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.behaviour.platform import BEHAVIOURAL, model
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import (
    BIAS,
    EXPONENT_BITS,
    SIGNIFICAND_BITS,
    WIDTH,
    fields,
    is_infinite,
    is_nan,
    is_zero,
    round_and_pack,
    significand,
)


class Multiplier(wiring.Component):
    """`arithmetic.fp32.multiply`.

    The significands meet in one DSP slice for each 17 bits of b. A product just below the smallest
    normal number becomes that number if IEEE-754 would round it there, at the coarser spacing that
    subnormals have; every other one below is a zero.

    Attributes
    ----------
    a, b : In(32), the operands
    product : Out(32), `LATENCY` cycles later
    """

    LATENCY = 3
    PART_BITS: ClassVar[int] = 17
    """Unsigned bits of a DSP slice's narrow input."""
    B_BITS: ClassVar[int] = SIGNIFICAND_BITS
    """Significand bits of b that may be set, from the leading one on."""

    def __init__(self) -> None:
        super().__init__({"a": In(WIDTH), "b": In(WIDTH), "product": Out(WIDTH)})

    def elaborate(self, platform: object) -> Module:
        """Multiply by parts, add the parts, round: a cycle each."""
        if platform is BEHAVIOURAL:
            return model("multiply", self.LATENCY, self.product, a=self.a, b=self.b)
        m = Module()
        a, b = fields(self.a), fields(self.b)

        # 1: partial products
        unused = SIGNIFICAND_BITS - self.B_BITS
        narrow = significand(self.b)[unused:]
        parts = [
            delay(
                m, significand(self.a) * narrow[low : low + self.PART_BITS], 1, name=f"part_{low}"
            )
            << low
            for low in range(0, self.B_BITS, self.PART_BITS)
        ]
        field = Signal(signed(EXPONENT_BITS))
        m.d.comb += field.eq(a.exponent + b.exponent - BIAS)
        field = delay(m, field, 2, name="field")
        infinite = is_infinite(self.a) | is_infinite(self.b)
        zero = is_zero(self.a) | is_zero(self.b)
        nan = is_nan(self.a) | is_nan(self.b) | (infinite & zero)
        nan, infinite, zero, sign = (
            delay(m, flag, 2, name=name)
            for flag, name in (
                (nan, "nan"),
                (infinite, "infinite"),
                (zero, "zero"),
                (a.sign ^ b.sign, "sign"),
            )
        )

        # 2: their sum, in [1, 4) with 46 bits behind the point
        total = Signal(2 * SIGNIFICAND_BITS, reset_less=True)
        m.d.sync += total.eq(sum(parts) << unused)

        # 3: one place up or down, and round
        upper = total[-1]
        kept = Signal(SIGNIFICAND_BITS)
        exponent = Signal(signed(EXPONENT_BITS))
        guard, sticky, up = Signal(), Signal(), Signal()
        half = SIGNIFICAND_BITS - 1
        m.d.comb += [
            Cat(guard, kept).eq(Mux(upper, total[half:], total[half - 1 :])),
            sticky.eq(total[: half - 1].any() | (upper & total[half - 1])),
            exponent.eq(field + upper),
            # 2**-127 times (2 - 2**-23) or more is at least half way from the largest subnormal
            up.eq((guard & (sticky | kept[0])) | ((exponent == 0) & kept.all())),
        ]
        word = round_and_pack(sign, exponent, kept[:-1], up, nan=nan, infinite=infinite, zero=zero)
        m.d.comb += self.product.eq(delay(m, word, 1, name="word"))
        return m


class ScaleMultiplier(Multiplier):
    """A number times a scale of the quantiser, whose significand has 11 bits: one DSP slice."""

    B_BITS = 11
