"""FP32 addition and subtraction."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.behaviour.platform import BEHAVIOURAL, model
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import (
    EXPONENT_BITS,
    SIGNIFICAND_BITS,
    WIDTH,
    fields,
    is_infinite,
    is_nan,
    round_and_pack,
    significand,
)
from wingbeat.hw.rtl.fp32.normalise import normalise

_EXTRA = 3  # guard, round and sticky bit below the significand


class Adder(wiring.Component):
    """`arithmetic.fp32.add`, or `subtract` where `subtract` is set.

    The operand of smaller magnitude is shifted to the other one's exponent; three bits below the
    significand are enough to round the result correctly, the last of them standing for all that
    was shifted out. A subnormal result is exact, so that it needs no rounding before it vanishes.

    Attributes
    ----------
    a, b : In(32), the operands
    subtract : In(1), whether b is subtracted
    sum : Out(32), `LATENCY` cycles later
    """

    LATENCY = 5

    def __init__(self) -> None:
        super().__init__({"a": In(WIDTH), "b": In(WIDTH), "subtract": In(1), "sum": Out(WIDTH)})

    def elaborate(self, platform: object) -> Module:
        """Compare, align, add, normalise, round: a cycle each."""
        if platform is BEHAVIOURAL:
            inputs = {"a": self.a, "b": self.b, "subtract": self.subtract}
            return model("add", self.LATENCY, self.sum, **inputs)
        m = Module()
        a, b = fields(self.a), fields(self.b)

        # 1: the larger magnitude comes first
        b_sign = b.sign ^ self.subtract
        swap = Signal()
        m.d.comb += swap.eq(self.b[: WIDTH - 1] > self.a[: WIDTH - 1])
        larger, smaller = (Signal(WIDTH, name=name) for name in ("larger", "smaller"))
        m.d.comb += Cat(larger, smaller).eq(Mux(swap, Cat(self.b, self.a), Cat(self.a, self.b)))
        gap = Signal(8)
        m.d.comb += gap.eq(fields(larger).exponent - fields(smaller).exponent)
        # beyond 31 all of the smaller operand is in the sticky bit, as it is at 31
        distance = delay(m, gap[:5] | gap[5:].any().replicate(5), 1, name="distance")
        large = delay(m, significand(larger), 1, name="large")
        small = delay(m, significand(smaller), 1, name="small")
        opposite = a.sign ^ b_sign
        nan = (
            is_nan(self.a) | is_nan(self.b) | (is_infinite(self.a) & is_infinite(self.b) & opposite)
        )
        nan = delay(m, nan, 4, name="nan")
        infinite = delay(m, is_infinite(larger), 4, name="infinite")
        exponent = delay(m, fields(larger).exponent, 3, name="exponent")
        sign = delay(m, Mux(swap, b_sign, a.sign), 4, name="sign")

        # 2: align
        wide = Signal(2 * SIGNIFICAND_BITS + _EXTRA - 1)
        m.d.comb += wide.eq(Cat(C(0, SIGNIFICAND_BITS + _EXTRA - 1), small) >> distance)
        sticky = wide[:SIGNIFICAND_BITS].any()
        aligned = delay(m, Cat(sticky, wide[SIGNIFICAND_BITS:]), 1, name="aligned")
        large = delay(m, large, 1, name="large_aligned")

        # 3: add or subtract; never negative
        opposite = delay(m, opposite, 2, name="opposite")
        total = Signal(SIGNIFICAND_BITS + _EXTRA + 1, reset_less=True)
        addend = Signal.like(total)
        m.d.comb += addend.eq(aligned ^ opposite.replicate(len(total)))
        m.d.sync += total.eq(Cat(C(0, _EXTRA), large) + addend + opposite)

        # 4: the leading one to the top, where only a carry can have brought it
        shifted, zeros = normalise(m, total, name="total")
        normalised = delay(m, shifted, 1, name="normalised")
        field = Signal(signed(EXPONENT_BITS), reset_less=True)
        m.d.sync += field.eq(exponent + 1 - zeros)
        opposite = delay(m, opposite, 2, name="opposite_rounded")

        # 5: round; only equal magnitudes give a zero here, which is -0 for two of them alone
        zero = ~normalised[-1]
        lowest = _EXTRA + 1
        up = normalised[lowest - 1] & (normalised[: lowest - 1].any() | normalised[lowest])
        word = round_and_pack(
            sign & ~(zero & opposite),
            field,
            normalised[lowest:-1],
            up,
            nan=nan,
            infinite=infinite,
            zero=zero,
        )
        m.d.comb += self.sum.eq(delay(m, word, 1, name="word"))
        return m
