"""Instruction memory: a program is loaded whole, then read an instruction a cycle."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import BEAT_BITS
from wingbeat.hw.isa.instructions import INSTRUCTION_BITS
from wingbeat.hw.rtl.bus.read_engine import REQUEST
from wingbeat.hw.rtl.sequencer.program import INSTRUCTIONS, PC_BITS

BEATS = INSTRUCTION_BITS // BEAT_BITS
"""Beats of one instruction."""


class Fetch(wiring.Component):
    """Loads a program of up to `INSTRUCTIONS` instructions: one request, a beat a cycle.

    Attributes
    ----------
    start : loads `count` instructions (at least 1) from beat `address` on
    loading : from the cycle behind `start` until the last beat is stored
    pc, instruction : the instruction at `pc`, one cycle later
    """

    start: In(1)
    address: In(32)
    count: In(PC_BITS + 1)
    loading: Out(1)
    request: Out(stream.Signature(REQUEST))
    response: In(stream.Signature(BEAT_BITS))
    pc: In(PC_BITS)
    instruction: Out(INSTRUCTION_BITS)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.submodules.memory = memory = Memory(shape=INSTRUCTION_BITS, depth=INSTRUCTIONS, init=[])
        read = memory.read_port()
        m.d.comb += [read.addr.eq(self.pc), self.instruction.eq(read.data)]

        left = Signal(range(BEATS * INSTRUCTIONS + 1))
        stored = Signal(range(BEATS * INSTRUCTIONS))
        m.d.comb += [
            self.loading.eq(left != 0),
            self.response.ready.eq(1),
            self.request.payload.address.eq(self.address),
            self.request.payload.beats.eq(self.count << BEATS // 2),
        ]
        # a beat is half an instruction: each is written to both halves, one of which is enabled
        write = memory.write_port(granularity=BEAT_BITS)
        m.d.comb += [
            write.addr.eq(stored >> BEATS // 2),
            write.data.eq(Cat([self.response.payload] * BEATS)),
            write.en.eq(self.response.valid << stored[0]),
        ]
        with m.If(self.response.valid):
            m.d.sync += [stored.eq(stored + 1), left.eq(left - 1)]
        with m.If(self.request.ready):
            m.d.sync += self.request.valid.eq(0)
        with m.If(self.start):
            m.d.sync += [
                left.eq(self.count << BEATS // 2),
                stored.eq(0),
                self.request.valid.eq(1),
            ]
        return m
