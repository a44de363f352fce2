"""SYS: what the sequencer executes itself."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import INSTRUCTION_BITS, Scalar, System
from wingbeat.hw.isa.operands import GRANULE
from wingbeat.hw.rtl.command import BASE_BITS, VALUE_BITS, operands
from wingbeat.hw.rtl.memory.ports import vector_read
from wingbeat.hw.rtl.sequencer.loops import END_BITS, LOOP
from wingbeat.hw.rtl.sequencer.program import MASK, PC_BITS
from wingbeat.hw.rtl.sequencer.register_file import REGISTER_BITS
from wingbeat.hw.rtl.sequencer.resolver import VALUES
from wingbeat.hw.rtl.sequencer.scalar import ScalarUnit


class SystemUnit(wiring.Component):
    """Executes one SYS instruction: takes its tokens, does it, gives its tokens.

    That is 2 cycles at least; scalar operations take the cycles of `ScalarUnit` more.

    Attributes
    ----------
    active : `pc`, `instruction` and its resolved `values` are there, until `done` or `illegal`
    done : it ends in this cycle
    illegal : it is no instruction, or one loop too many
    position : instruction behind which the program goes on: `pc`, or the end of a skipped loop
    idle : all other units are
    available, take, room, give : row of `Tokens`
    write, target, result : to the register file
    push, loop, full : to and from `Loops`
    peek : to the vector memory
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._lanes = config.vector_lanes
        super().__init__(
            {
                "active": In(1),
                "pc": In(PC_BITS),
                "instruction": In(INSTRUCTION_BITS),
                "values": In(data.ArrayLayout(VALUE_BITS, VALUES)),
                "done": Out(1),
                "illegal": Out(1),
                "position": Out(END_BITS),
                "idle": In(1),
                "available": In(MASK),
                "take": Out(MASK),
                "room": In(MASK),
                "give": Out(MASK),
                "write": Out(1),
                "target": Out(REGISTER_BITS),
                "result": Out(VALUE_BITS),
                "push": Out(1),
                "loop": Out(LOOP),
                "full": In(1),
                "peek": Out(vector_read(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        system = System.layout()(self.instruction)
        values = {operand.name: self.values[i] for i, operand in enumerate(operands(System))}
        m.submodules.scalar = scalar = ScalarUnit()
        m.d.comb += [
            scalar.operation.eq(system.operation),
            scalar.a.eq(values["a"]),
            scalar.b.eq(values["b"]),
            self.target.eq(system.destination),
            self.result.eq(scalar.result),
        ]
        skipped, skips = Signal(), self._loop(m, system, values["a"])
        m.d.comb += self.position.eq(self.pc)
        with m.If(skipped):
            m.d.comb += self.position.eq(self.loop.last)
        word = self._word(m, system, values["vector"])

        with m.FSM():
            with m.State("TAKE"), m.If(self.active & ((system.wait & ~self.available) == 0)):
                m.d.comb += self.take.eq(system.wait)
                m.d.sync += skipped.eq(0)
                with m.Switch(system.operation):
                    with m.Case(Scalar.LOOP):
                        m.d.comb += self.illegal.eq(self.full & ~skips)
                        m.d.comb += self.push.eq(~self.full & ~skips)
                        m.d.sync += skipped.eq(skips)
                        m.next = "GIVE"
                    with m.Case(Scalar.PEEK):
                        m.next = "PEEK"
                    with m.Case(Scalar.FENCE):
                        m.next = "GIVE"
                    with m.Case(Scalar.HALT):
                        m.next = "DRAIN"
                    with m.Case(*range(Scalar.LOOP.value)):
                        m.d.comb += scalar.start.eq(1)
                        m.next = "COMPUTE"
                    with m.Default():
                        m.d.comb += self.illegal.eq(1)
            with m.State("COMPUTE"), m.If(scalar.done):
                m.d.comb += self.write.eq(1)
                m.next = "GIVE"
            with m.State("PEEK"):
                m.d.comb += self.peek.valid.eq(self.idle)
                with m.If(self.idle & self.peek.ready):
                    m.next = "READ"
            with m.State("READ"):
                m.next = "WORD"
            with m.State("WORD"):
                m.d.comb += [self.write.eq(1), self.result.eq(word)]
                m.next = "GIVE"
            with m.State("DRAIN"), m.If(self.idle):
                m.next = "GIVE"
            with m.State("GIVE"), m.If((system.release & ~self.room) == 0):
                m.d.comb += [self.give.eq(system.release), self.done.eq(1)]
                m.next = "TAKE"
        return m

    def _loop(self, m: Module, system: Any, a: Any) -> Signal:
        """Set up the loop that a LOOP enters; return whether it is skipped."""
        trips, skips = Signal(VALUE_BITS), Signal()
        m.d.comb += [
            trips.eq(a + system.immediate),
            skips.eq((trips == 0) | (system.length == 0)),
            self.loop.first.eq(self.pc + 1),
            self.loop.last.eq(self.pc + system.length),
            self.loop.left.eq(trips),
        ]
        return skips

    def _word(self, m: Module, system: Any, base: Any) -> Signal:
        """Address the step that a PEEK reads; return its word, which is there in state WORD."""
        address, word = Signal(BASE_BITS + GRANULE.bit_length()), Signal(VALUE_BITS)
        lane_bits = self._lanes.bit_length() - 1
        m.d.comb += [
            address.eq(base * GRANULE + system.length),
            self.peek.address.eq(address >> lane_bits),
            word.eq(self.peek.data[address[:lane_bits]]),
        ]
        return word
