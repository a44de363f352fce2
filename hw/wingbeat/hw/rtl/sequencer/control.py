"""The sequencer's control: one instruction after the other, in program order."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.control import State
from wingbeat.hw.isa.instructions import INSTRUCTION_BITS, Opcode, Scalar, System, Unit
from wingbeat.hw.rtl.sequencer.loops import END_BITS
from wingbeat.hw.rtl.sequencer.program import INSTRUCTIONS, PC_BITS


class Control(wiring.Component):
    """Steps through the program as `wingbeat.hw.sequencer.Sequencer` does, from reset on.

    An instruction takes 7 cycles (ST and SYS 8, MUL 10, CEILDIV 42): fetch 1, resolve 3 to 5,
    execute 1 (until its queue has room; SYS see `SystemUnit`), advance 1, and 1 more for each loop
    that it leaves.

    Attributes
    ----------
    count : instructions of the program
    aborted : asks to end at the next loop boundary
    load, loaded : start of loading program and registers, and that they are there
    pc, instruction : to and from `Fetch`
    resolve, resolved : to and from `Resolver`
    execute, unit, accepted : the resolved instruction, for its unit or its queue, is taken
    position : see `SystemUnit`
    ends, again, first, step : to and from `Loops`
    idle : all other units are
    illegal : `pc` is none that can be executed
    ending : not RUNNING: the program has ended
    """

    count: In(32)
    aborted: In(1)
    load: Out(1)
    loaded: In(1)
    pc: Out(END_BITS)
    instruction: In(INSTRUCTION_BITS)
    resolve: Out(1)
    resolved: In(1)
    execute: Out(1)
    unit: Out(Unit)
    accepted: In(1)
    position: In(END_BITS)
    ends: In(1)
    again: In(1)
    first: In(PC_BITS)
    step: Out(1)
    idle: In(1)
    illegal: Out(1)
    ending: Out(State, init=State.RUNNING)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        pc = self.pc
        legal = self._decode(m)
        halts = Signal()
        system = System.layout()(self.instruction)
        m.d.comb += halts.eq((self.unit == Unit.SYS) & (system.operation == Scalar.HALT))
        ended = Signal(State)
        with m.FSM():
            with m.State("START"):
                with m.If(self.count > INSTRUCTIONS):
                    m.d.comb += self.illegal.eq(1)
                with m.Elif(self.count == 0):
                    m.next = "FETCH"
                with m.Else():
                    m.d.comb += self.load.eq(1)
                    m.next = "LOAD"
            with m.State("LOAD"), m.If(self.loaded):
                m.next = "FETCH"
            with m.State("FETCH"):
                m.next = "DECODE"
                with m.If(pc >= self.count):
                    m.d.sync += ended.eq(State.FINISHED)
                    m.next = "DRAIN"
            with m.State("DECODE"):
                m.d.comb += [self.illegal.eq(~legal), self.resolve.eq(legal)]
                m.next = "RESOLVE"
            with m.State("RESOLVE"), m.If(self.resolved):
                m.next = "EXECUTE"
            with m.State("EXECUTE"):
                m.d.comb += self.execute.eq(1)
                with m.If(self.accepted):
                    m.next = "ADVANCE"
                    with m.If(self.unit == Unit.SYS):
                        m.d.sync += pc.eq(self.position)
                    with m.If(halts):
                        m.d.sync += ended.eq(State.FINISHED)
                        m.next = "DRAIN"
            with m.State("ADVANCE"):
                m.d.sync += pc.eq(pc + 1)
                m.next = "FETCH"
                with m.If(self.ends):
                    m.d.comb += self.step.eq(1)
                    m.d.sync += pc.eq(pc)  # the loop is left; does it end the one around it?
                    m.next = "ADVANCE"
                    with m.If(self.aborted):
                        m.d.sync += ended.eq(State.ABORTED)
                        m.next = "DRAIN"
                    with m.Elif(self.again):
                        m.d.sync += pc.eq(self.first)
                        m.next = "FETCH"
            with m.State("DRAIN"), m.If(self.idle):
                m.d.comb += self.ending.eq(ended)
        return m

    def _decode(self, m: Module) -> Signal:
        """Find the unit that an instruction goes to; return whether there is one."""
        system = System.layout()(self.instruction)
        legal = Signal()
        m.d.comb += legal.eq(1)
        with m.Switch(system.opcode):
            with m.Case(Opcode.LD):
                m.d.comb += self.unit.eq(Unit.LD)
            with m.Case(Opcode.ST):
                m.d.comb += self.unit.eq(Unit.ST)
            with m.Case(Opcode.MM, Opcode.MV):
                m.d.comb += self.unit.eq(Unit.MPE)
            with m.Case(Opcode.MISC):
                m.d.comb += self.unit.eq(Unit.MISC)
            with m.Case(Opcode.SYS):
                m.d.comb += self.unit.eq(Unit.SYS)
                with m.If(system.operation == Scalar.FENCE):
                    m.d.comb += self.unit.eq(system.target)
                    m.d.comb += legal.eq(system.target.as_value() < len(Unit))
            with m.Default():
                m.d.comb += legal.eq(0)
        return legal
