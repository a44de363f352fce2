"""The argument of a function, reduced to a segment of its table and the distance into it."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.arithmetic.functions import SEGMENTS
from wingbeat.hw.isa.instructions import Function
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import (
    BIAS,
    EXPONENT_BITS,
    FRACTION_BITS,
    SIGNIFICAND_BITS,
    WIDTH,
    fields,
    is_zero,
)
from wingbeat.hw.rtl.fp32.fraction import POINT, Fraction
from wingbeat.hw.rtl.fp32.normalise import normalise
from wingbeat.hw.rtl.fp32.polynomial import READ, ROW_BITS, TABLES

_INDEX = SEGMENTS.bit_length() - 1
_UNIT = FRACTION_BITS + _INDEX  # the distance is counted in units of 2**-30
_QUARTER = POINT - 2  # a quarter turn is 2**30 of the units of a fraction
_CUT = _UNIT - SIGNIFICAND_BITS  # places below what 1 - position is rounded to


class Segment(wiring.Component):
    """Row of the tables, distance `r`, and what is done to the polynomial's value afterwards.

    An EXP2 goes by the fraction of x, SIN and COS by the position in a quarter turn (from its end
    where the sine falls), RECIPROCAL and RSQRT by the significand. `r` is a fixed-point number,
    made a floating one; only a small positive argument is finer than that, and is its own `r`.

    Attributes
    ----------
    x : In(32), finite
    function : In(`Function`)
    row : Out(10), row of the ROMs, `LATENCY` cycles later
    scale : Out(signed(10)), is added to the exponent; as late as `row`
    negate : Out(1), whether the sign changes; as late as `row`
    r : Out(32), `READ` cycles later than `row`, when the ROMs have answered
    """

    LATENCY = Fraction.LATENCY + 2

    def __init__(self) -> None:
        super().__init__(
            {
                "x": In(WIDTH),
                "function": In(Function),
                "row": Out(ROW_BITS),
                "scale": Out(signed(EXPONENT_BITS)),
                "negate": Out(1),
                "r": Out(WIDTH),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Fraction, position, segment, then the distance as a float."""
        m = Module()
        m.submodules.fraction = fraction = Fraction()
        m.d.comb += fraction.x.eq(self.x)
        x = delay(m, self.x, Fraction.LATENCY, name="x")
        function = delay(m, self.function, Fraction.LATENCY, name="function")

        # 4: position, up to 1
        turn, trigonometric = Signal(POINT), Signal()
        quadrant, mirrored = Signal(2), Signal()
        m.d.comb += [
            turn.eq(fraction.fraction),
            trigonometric.eq((function == Function.SIN) | (function == Function.COS)),
            quadrant.eq(turn[_QUARTER:] + (function == Function.COS)),
            mirrored.eq(quadrant[0]),
        ]
        ahead = turn[:_QUARTER]
        up = ahead[_CUT - 1] & (ahead[: _CUT - 1].any() | fraction.lost | ahead[_CUT])
        position = Signal(_UNIT + 1, reset_less=True)
        with m.If(~trigonometric):
            m.d.sync += position.eq(fraction.fraction[POINT - _UNIT :])
        with m.Elif(mirrored):
            # ~n is -n - 1: the 1 comes back unless the position is rounded up
            m.d.sync += position.eq((~ahead[_CUT:] + ~up) << _CUT)
        with m.Else():
            m.d.sync += position.eq(ahead)
        exponent = fields(x).exponent
        smallest = BIAS - _INDEX - Mux(trigonometric, 2, 0)
        fine = ~fields(x).sign & ~is_zero(x) & (exponent < smallest)
        fine &= (function == Function.EXP2) | (trigonometric & ~mirrored)
        fine = delay(m, fine, READ, name="fine")
        trigonometric = delay(m, trigonometric, READ, name="trigonometric")
        second_half = delay(m, quadrant[1], 1, name="second_half")
        whole = delay(m, fraction.whole, 1, name="whole")
        x = delay(m, x, 1, name="x_position")
        function = delay(m, function, 1, name="function_position")

        # 5: segment and distance; 1 is the end of the last segment
        word, end = fields(x), position[_UNIT]
        index, table = Signal(_INDEX), Signal(ROW_BITS - _INDEX)
        distance = Signal(SIGNIFICAND_BITS, reset_less=True)
        scale, negate = Signal.like(self.scale), Signal()
        with m.If((function == Function.RECIPROCAL) | (function == Function.RSQRT)):
            m.d.comb += index.eq(word.fraction[-_INDEX:])
            m.d.sync += distance.eq(word.fraction[:-_INDEX] << _INDEX)
        with m.Else():
            m.d.comb += index.eq(position[FRACTION_BITS:_UNIT] | end.replicate(_INDEX))
            m.d.sync += distance.eq(Cat(position[:FRACTION_BITS], end))
        odd = ~word.exponent[0]  # the bias is odd
        with m.Switch(function):
            with m.Case(Function.EXP2):
                m.d.comb += table.eq(TABLES.index("exp2"))
                m.d.comb += scale.eq(whole)
            with m.Case(Function.RECIPROCAL):
                m.d.comb += table.eq(TABLES.index("reciprocal"))
                m.d.comb += [scale.eq(BIAS - word.exponent), negate.eq(word.sign)]
            with m.Case(Function.RSQRT):
                even_table, odd_table = TABLES.index("rsqrt_even"), TABLES.index("rsqrt_odd")
                m.d.comb += table.eq(Mux(odd, odd_table, even_table))
                m.d.comb += scale.eq(-((word.exponent - BIAS) >> 1))
            with m.Default():
                m.d.comb += table.eq(TABLES.index("sine"))
                m.d.comb += negate.eq(second_half)
        m.d.comb += [
            self.row.eq(delay(m, Cat(index, table), 1, name="row")),
            self.scale.eq(delay(m, scale, 1, name="scale")),
            self.negate.eq(delay(m, negate, 1, name="negate")),
        ]

        # 6, 7: the distance, or the argument itself (in quarter turns), as a float
        shifted, zeros = normalise(m, distance, name="distance")
        shifted = delay(m, shifted, 1, name="shifted")
        zeros = delay(m, zeros, 1, name="zeros")
        own = fields(delay(m, x, READ, name="own"))
        quarters = delay(m, trigonometric, 1, name="quarters")
        own_exponent = own.exponent + Mux(quarters, 2, 0)
        fixed_exponent = Mux(shifted[-1], BIAS - _INDEX - zeros, 0)
        r = Mux(
            delay(m, fine, 1, name="fine_last"),
            Cat(own.fraction, own_exponent[:8]),
            Cat(shifted[:-1], fixed_exponent[:8]),
        )
        m.d.comb += self.r.eq(delay(m, r, 1, name="r"))
        return m
