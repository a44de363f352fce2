"""What a number has behind its point: x - floor(x), rounded as FP32 rounds it."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import BIAS, SIGNIFICAND_BITS, WIDTH, fields, significand

POINT = 32
"""Fixed-point bits behind the point: all that a number from 2**-9 on has."""

_WHOLE_BITS = 7
_ROUNDED = SIGNIFICAND_BITS  # bits behind the point of 1 - fraction
_LARGEST = BIAS + SIGNIFICAND_BITS - 2  # exponent field of the largest numbers with a fraction
_FURTHEST = POINT + SIGNIFICAND_BITS - 1  # by so much all of a significand is behind the 32 bits


class Fraction(wiring.Component):
    """`x - floor(x)` and `floor(x)`.

    For a negative number that is 1 less the fraction of the magnitude. FP32 rounds this difference
    to a multiple of 2**-24: above a half that is its spacing, and below a half the magnitude
    itself has no finer bits. So a tiny negative number gives 1.

    Attributes
    ----------
    x : In(32), finite
    whole : Out(signed(8)), the floor; meaningful for magnitudes below 128
    fraction : Out(33), in units of 2**-32, at most 2**32; positive numbers below 2**-9 are cut off
    lost : Out(1), whether something was cut off
    """

    LATENCY = 3

    def __init__(self) -> None:
        super().__init__(
            {
                "x": In(WIDTH),
                "whole": Out(signed(_WHOLE_BITS + 1)),
                "fraction": Out(POINT + 1),
                "lost": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Find the distance, shift to fixed point, complement: a cycle each."""
        m = Module()
        field = fields(self.x).exponent
        negative = delay(m, fields(self.x).sign, 2, name="negative")

        # 1: how far to the right of the largest number that has a fraction
        distance = Mux(field < _LARGEST - _FURTHEST, _FURTHEST, _LARGEST - field)[:6]
        distance = delay(m, distance, 1, name="distance")
        digits = delay(m, Mux(field > _LARGEST, 0, significand(self.x)), 1, name="digits")

        # 2: fixed point, above it nothing that matters, below it a significand's width
        wide = Cat(C(0, SIGNIFICAND_BITS + POINT - 1), digits) >> distance
        shifted = Signal(len(wide))
        m.d.comb += shifted.eq(wide)
        fixed = delay(m, shifted[SIGNIFICAND_BITS:][: POINT + _WHOLE_BITS], 1, name="fixed")
        lost = delay(m, shifted[:SIGNIFICAND_BITS].any(), 1, name="lost")

        # 3: 1 - fraction of a negative number, unless it has none
        whole, behind = fixed[POINT:], fixed[:POINT]
        some = behind.any() | lost
        cut = POINT - _ROUNDED
        up = behind[cut - 1] & (behind[: cut - 1].any() | lost | behind[cut])
        # ~n is -n - 1: the 1 comes back unless the fraction is rounded up
        rest = Signal(_ROUNDED + 1)
        m.d.comb += rest.eq(Mux(some, ~behind[cut:] + ~up, 0))
        floor = Mux(negative, Cat(~whole, 1).as_signed() + ~some, whole)
        fraction = Mux(negative, rest << cut, behind)
        m.d.comb += [
            self.whole.eq(delay(m, floor, 1, name="floor")),
            self.fraction.eq(delay(m, fraction, 1, name="fraction")),
            self.lost.eq(delay(m, lost & ~negative, 1, name="lost_fraction")),
        ]
        return m
