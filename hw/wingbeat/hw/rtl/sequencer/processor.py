"""The scalar processor: program, registers and loops; instructions go out to the units' queues."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.control import State
from wingbeat.hw.isa.instructions import INSTRUCTION_BITS, Unit
from wingbeat.hw.register_map import ARGUMENTS
from wingbeat.hw.rtl.bus.read_engine import REQUEST
from wingbeat.hw.rtl.command import VALUE_BITS
from wingbeat.hw.rtl.memory.ports import vector_read
from wingbeat.hw.rtl.sequencer.control import Control
from wingbeat.hw.rtl.sequencer.fetch import Fetch
from wingbeat.hw.rtl.sequencer.loops import Loops
from wingbeat.hw.rtl.sequencer.program import MASK, PC_BITS
from wingbeat.hw.rtl.sequencer.register_file import RegisterFile
from wingbeat.hw.rtl.sequencer.resolver import VALUES, Resolver
from wingbeat.hw.rtl.sequencer.system import SystemUnit

DISPATCH = data.StructLayout(
    {
        "pc": PC_BITS,
        "unit": Unit,
        "instruction": INSTRUCTION_BITS,
        "values": data.ArrayLayout(VALUE_BITS, VALUES),
    }
)
"""An instruction or a fence for a unit, and its resolved operands in order of `operands`."""


class Processor(wiring.Component):
    """Runs one program, from reset on: SYS itself, everything else goes out in program order.

    Attributes
    ----------
    program, count, arguments, aborted, request, beats, peek : see `Sequencer`
    dispatch : to the queues; `unit` is not SYS
    pc : of the present instruction
    executes, done : SYS is executed, and ends in this cycle
    idle : all other units are
    available, take, room, give : row of `Tokens`
    illegal : the present instruction is none
    ending : not RUNNING: the program has ended
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        super().__init__(
            {
                "program": In(32),
                "count": In(32),
                "arguments": In(data.ArrayLayout(VALUE_BITS, ARGUMENTS)),
                "aborted": In(1),
                "request": Out(stream.Signature(REQUEST)),
                "beats": In(stream.Signature(BEAT_BITS)),
                "peek": Out(vector_read(config)),
                "dispatch": Out(stream.Signature(DISPATCH)),
                "pc": Out(PC_BITS),
                "executes": Out(1),
                "done": Out(1),
                "idle": In(1),
                "available": In(MASK),
                "take": Out(MASK),
                "room": In(MASK),
                "give": Out(MASK),
                "illegal": Out(1),
                "ending": Out(State, init=State.RUNNING),
            }
        )
        self._control = Control()
        self._fetch = Fetch()
        self._registers = RegisterFile()
        self._resolver = Resolver()
        self._loops = Loops()
        self._system = SystemUnit(config)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.submodules.control = control = self._control
        m.submodules.fetch = self._fetch
        m.submodules.registers = self._registers
        m.submodules.resolver = self._resolver
        m.submodules.loops = self._loops
        m.submodules.system = system = self._system
        self._load(m)
        self._resolve(m)
        self._loop(m)
        self._execute(m)
        self._dispatch(m)
        m.d.comb += [
            control.aborted.eq(self.aborted),
            control.idle.eq(self.idle),
            self.pc.eq(control.pc),
            self.illegal.eq(control.illegal | system.illegal),
            self.ending.eq(control.ending),
        ]
        return m

    def _load(self, m: Module) -> None:
        """Program and registers are loaded at the same time."""
        control, fetch, registers = self._control, self._fetch, self._registers
        wiring.connect(m, fetch.request, wiring.flipped(self.request))
        wiring.connect(m, wiring.flipped(self.beats), fetch.response)
        m.d.comb += [
            control.count.eq(self.count),
            fetch.start.eq(control.load),
            fetch.address.eq(self.program),
            fetch.count.eq(self.count),
            registers.arguments.eq(self.arguments),
            control.loaded.eq(~fetch.loading & ~registers.loading),
            fetch.pc.eq(control.pc),
            control.instruction.eq(fetch.instruction),
        ]

    def _resolve(self, m: Module) -> None:
        control, resolver, registers = self._control, self._resolver, self._registers
        m.d.comb += [
            resolver.start.eq(control.resolve),
            control.resolved.eq(resolver.done),
            resolver.instruction.eq(self._fetch.instruction),
            registers.number.eq(resolver.number),
            resolver.value.eq(registers.value),
        ]

    def _loop(self, m: Module) -> None:
        control, system, loops = self._control, self._system, self._loops
        m.d.comb += [
            loops.push.eq(system.push),
            loops.loop.eq(system.loop),
            system.full.eq(loops.full),
            loops.pc.eq(control.pc),
            loops.step.eq(control.step),
            control.ends.eq(loops.ends),
            control.again.eq(loops.again),
            control.first.eq(loops.first),
        ]

    def _execute(self, m: Module) -> None:
        """Join the unit that executes SYS."""
        control, system, registers = self._control, self._system, self._registers
        wiring.connect(m, system.peek, wiring.flipped(self.peek))
        m.d.comb += [
            system.active.eq(control.execute & (control.unit == Unit.SYS)),
            system.pc.eq(control.pc),
            system.instruction.eq(self._fetch.instruction),
            system.values.eq(self._resolver.values),
            system.idle.eq(self.idle),
            control.position.eq(system.position),
            registers.write.eq(system.write),
            registers.target.eq(system.target),
            registers.result.eq(system.result),
            system.available.eq(self.available),
            self.take.eq(system.take),
            system.room.eq(self.room),
            self.give.eq(system.give),
            self.executes.eq(system.active),
            self.done.eq(system.done),
        ]

    def _dispatch(self, m: Module) -> None:
        """An instruction is accepted by SYS or by a queue."""
        control, dispatch = self._control, self.dispatch
        m.d.comb += [
            dispatch.valid.eq(control.execute & ~self._system.active),
            dispatch.payload.pc.eq(control.pc),
            dispatch.payload.unit.eq(control.unit),
            dispatch.payload.instruction.eq(self._fetch.instruction),
            dispatch.payload.values.eq(self._resolver.values),
            control.accepted.eq((dispatch.valid & dispatch.ready) | self._system.done),
        ]
