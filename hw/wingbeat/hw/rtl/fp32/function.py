"""Functions of one FP32 number."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.isa.instructions import Function
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import (
    BIAS,
    EXPONENT_BITS,
    WIDTH,
    fields,
    is_infinite,
    is_nan,
    is_zero,
    round_and_pack,
)
from wingbeat.hw.rtl.fp32.polynomial import Polynomial
from wingbeat.hw.rtl.fp32.segment import Segment

_126 = int(np.float32(126).view(np.uint32))
_128_EXPONENT = BIAS + 7


class FunctionUnit(wiring.Component):
    """`instructions.Function` as `arithmetic.functions` defines it, IDENTITY included.

    Two multipliers, two adders and 640 x 96 bits of ROM. The function may change every cycle.

    Attributes
    ----------
    x : In(32)
    function : In(`Function`)
    y : Out(32), `LATENCY` cycles later
    """

    _VALUE = Segment.LATENCY + Polynomial.LATENCY
    LATENCY = _VALUE + 1

    def __init__(self) -> None:
        super().__init__({"x": In(WIDTH), "function": In(Function), "y": Out(WIDTH)})

    def elaborate(self, platform: object) -> Module:
        """Reduce, evaluate, scale; what is no ordinary number goes around that as three bits."""
        m = Module()
        m.submodules.segment = segment = Segment()
        m.submodules.polynomial = polynomial = Polynomial()
        m.d.comb += [
            segment.x.eq(self.x),
            segment.function.eq(self.function),
            polynomial.row.eq(segment.row),
            polynomial.r.eq(segment.r),
        ]

        word = fields(self.x)
        nan, infinite, zero = Signal(), Signal(), Signal()
        m.d.comb += nan.eq(is_nan(self.x))
        with m.Switch(self.function):
            with m.Case(Function.EXP2):
                m.d.comb += [
                    infinite.eq(~word.sign & (word.exponent >= _128_EXPONENT)),
                    zero.eq(word.sign & (self.x[:-1] > _126)),
                ]
            with m.Case(Function.RECIPROCAL):
                m.d.comb += [infinite.eq(is_zero(self.x)), zero.eq(is_infinite(self.x))]
            with m.Case(Function.RSQRT):
                m.d.comb += [
                    nan.eq(is_nan(self.x) | (word.sign & ~is_zero(self.x))),
                    infinite.eq(is_zero(self.x)),
                    zero.eq(is_infinite(self.x)),
                ]
            with m.Case(Function.SIN, Function.COS):
                m.d.comb += nan.eq(is_nan(self.x) | is_infinite(self.x))
        nan = delay(m, nan, self._VALUE, name="nan")
        infinite = delay(m, infinite, self._VALUE, name="infinite")
        zero = delay(m, zero, self._VALUE, name="zero")
        x = delay(m, self.x, self._VALUE, name="x")
        identity = delay(m, self.function == Function.IDENTITY, self._VALUE, name="identity")

        scale = delay(m, segment.scale, Polynomial.LATENCY, name="scale")
        negate = delay(m, segment.negate, Polynomial.LATENCY, name="negate")
        value = fields(polynomial.value)
        exponent = Signal(signed(EXPONENT_BITS))
        m.d.comb += exponent.eq(value.exponent + scale)
        scaled = round_and_pack(
            value.sign ^ negate, exponent, value.fraction, 0, nan=nan, infinite=infinite, zero=zero
        )
        m.d.comb += self.y.eq(delay(m, Mux(identity, x, scaled), 1, name="y"))
        return m
