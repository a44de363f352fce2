"""The scalar unit: what SYS computes on two 32-bit numbers."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.isa.instructions import Scalar
from wingbeat.hw.rtl.command import VALUE_BITS
from wingbeat.hw.rtl.sequencer.divider import Divider


class ScalarUnit(wiring.Component):
    """Computes `a operation b`, unsigned, as `sequencer.compute` defines it.

    Attributes
    ----------
    start : begins; `operation`, `a` and `b` stay until `done`
    done : 1 cycle later, MUL 3, CEILDIV 35
    result : valid with `done`
    """

    MULTIPLY_LATENCY = 3
    DIVIDE_LATENCY = Divider.LATENCY + 1

    start: In(1)
    operation: In(Scalar)
    a: In(VALUE_BITS)
    b: In(VALUE_BITS)
    done: Out(1)
    result: Out(VALUE_BITS)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.submodules.divider = divider = Divider()
        multiplies = self.operation == Scalar.MUL
        divides = self.operation == Scalar.CEILDIV
        m.d.comb += [
            divider.start.eq(self.start & divides),
            divider.dividend.eq(self.a),
            divider.divisor.eq(self.b),
        ]
        # two registers behind the product: those of the DSP slices that it is made of
        product = Signal(VALUE_BITS, reset_less=True)
        low = Signal(VALUE_BITS, reset_less=True)
        started = Signal(ScalarUnit.MULTIPLY_LATENCY - 1)
        m.d.sync += [
            product.eq(self.a * self.b),
            low.eq(product),
            started.eq(started << 1 | self.start & multiplies),
            self.done.eq((self.start & ~multiplies & ~divides) | started[-1] | divider.done),
        ]
        shift = self.b[:5]
        less = self.a < self.b
        with m.Switch(self.operation):
            with m.Case(Scalar.ADD):
                m.d.sync += self.result.eq(self.a + self.b)
            with m.Case(Scalar.SUB):
                m.d.sync += self.result.eq(self.a - self.b)
            with m.Case(Scalar.MUL):
                m.d.sync += self.result.eq(low)
            with m.Case(Scalar.SHL):
                m.d.sync += self.result.eq(self.a << shift)
            with m.Case(Scalar.SHR):
                m.d.sync += self.result.eq(self.a >> shift)
            with m.Case(Scalar.AND):
                m.d.sync += self.result.eq(self.a & self.b)
            with m.Case(Scalar.MIN):
                m.d.sync += self.result.eq(Mux(less, self.a, self.b))
            with m.Case(Scalar.MAX):
                m.d.sync += self.result.eq(Mux(less, self.b, self.a))
            with m.Case(Scalar.CEILDIV):
                m.d.sync += self.result.eq(divider.quotient)
            with m.Case(Scalar.LESS):
                m.d.sync += self.result.eq(less)
            with m.Case(Scalar.EQUAL):
                m.d.sync += self.result.eq(self.a == self.b)
        return m
