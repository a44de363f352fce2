"""Division that rounds up, one bit of the quotient a cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.command import VALUE_BITS


class Divider(wiring.Component):
    """Restoring division of unsigned 32-bit numbers; a divisor of 0 gives 0.

    Attributes
    ----------
    start : takes `dividend` and `divisor`, which stay until `done`
    done : `LATENCY` cycles later; `quotient` stays until the next start
    """

    LATENCY = VALUE_BITS + 2

    start: In(1)
    dividend: In(VALUE_BITS)
    divisor: In(VALUE_BITS)
    done: Out(1)
    quotient: Out(VALUE_BITS)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        # the dividend leaves `digits` at the top as the quotient enters it at the bottom
        digits = Signal(VALUE_BITS, reset_less=True)
        rest = Signal(VALUE_BITS, reset_less=True)
        left = Signal(range(VALUE_BITS + 1))
        last = Signal()

        shifted = Cat(digits[-1], rest)
        difference = Signal(VALUE_BITS + 2)
        m.d.comb += difference.eq(shifted - self.divisor)
        fits = ~difference[-1]
        m.d.sync += [
            last.eq(left == 1),
            self.done.eq(last),
            rest.eq(Mux(fits, difference, shifted)),
            digits.eq(Cat(fits, digits)),
        ]
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.If(last):
            m.d.sync += self.quotient.eq(Mux(self.divisor == 0, 0, digits + (rest != 0)))
        with m.If(self.start):
            m.d.sync += [left.eq(VALUE_BITS), digits.eq(self.dividend), rest.eq(0)]
        return m
