"""Hardware loops: a stack of up to eight."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.isa.instructions import LOOP_DEPTH
from wingbeat.hw.rtl.sequencer.program import PC_BITS
from wingbeat.hw.verify.loops import TRIP_LIMIT

END_BITS = PC_BITS + 7
"""Width of a program counter plus the length of a body (16 bits)."""

LOOP = data.StructLayout(
    {"first": PC_BITS, "last": END_BITS, "left": TRIP_LIMIT.bit_length()},
)
"""A loop: first and last instruction of the body, and trips left, this one included."""


class Loops(wiring.Component):
    """The running loops; everything acts on the innermost one.

    Attributes
    ----------
    push, loop : enters a loop (at least one trip); not when `full`
    pc : instruction that was just executed
    ends : it is the last one of the innermost loop
    again, first : another trip follows, at `first`
    step : ends a trip; behind the last one, the loop is left
    full : `LOOP_DEPTH` loops are running
    """

    push: In(1)
    loop: In(LOOP)
    pc: In(END_BITS)
    ends: Out(1)
    again: Out(1)
    first: Out(PC_BITS)
    step: In(1)
    full: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        # a shift register, innermost loop at the bottom: nothing is addressed
        stack = Signal(data.ArrayLayout(LOOP, LOOP_DEPTH), reset_less=True)
        depth = Signal(range(LOOP_DEPTH + 1))
        inner = stack[0]
        m.d.comb += [
            self.ends.eq((depth != 0) & (self.pc == inner.last)),
            self.again.eq(inner.left != 1),
            self.first.eq(inner.first),
            self.full.eq(depth == LOOP_DEPTH),
        ]
        with m.If(self.push):
            m.d.sync += [stack.eq(Cat(self.loop, stack)), depth.eq(depth + 1)]
        with m.Elif(self.step & self.again):
            m.d.sync += inner.left.eq(inner.left - 1)
        with m.Elif(self.step):
            m.d.sync += [stack.eq(stack.as_value() >> LOOP.size), depth.eq(depth - 1)]
        return m
