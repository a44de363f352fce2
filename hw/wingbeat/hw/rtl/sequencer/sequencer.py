"""The sequencer: all of its parts joined."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import Load, Multiply, Opcode, Store, System, Unit, Vector
from wingbeat.hw.register_map import ARGUMENTS
from wingbeat.hw.rtl.bus.read_engine import REQUEST
from wingbeat.hw.rtl.command import VALUE_BITS, operands, resolve, resolved
from wingbeat.hw.rtl.memory.ports import vector_read
from wingbeat.hw.rtl.sequencer.control import Control
from wingbeat.hw.rtl.sequencer.fetch import Fetch
from wingbeat.hw.rtl.sequencer.loops import Loops
from wingbeat.hw.rtl.sequencer.matrix_queue import MatrixQueue
from wingbeat.hw.rtl.sequencer.ports import CLASS_OF, UnitPort
from wingbeat.hw.rtl.sequencer.program import PC_BITS, RETIRED, UNITS
from wingbeat.hw.rtl.sequencer.queue import UnitQueue
from wingbeat.hw.rtl.sequencer.register_file import RegisterFile
from wingbeat.hw.rtl.sequencer.resolver import Resolver
from wingbeat.hw.rtl.sequencer.status import Status
from wingbeat.hw.rtl.sequencer.system import SystemUnit
from wingbeat.hw.rtl.sequencer.tokens import Tokens
from wingbeat.hw.rtl.sequencer.watchdog import Watchdog

_PARTS = ("control", "fetch", "registers", "resolver", "loops", "system", "tokens", "watchdog")
"""What is held in reset while no program runs, beside the queues."""


class Sequencer(wiring.Component):
    """Runs programs: equals `wingbeat.hw.sequencer.Sequencer`, with units that run decoupled.

    A start loads the program, then runs it. All state but `Status` is held in reset while no
    program runs, so every start finds queues and counters empty. A program that fails leaves its
    units in the middle of something: they are to be reset before the next start.

    Parameters
    ----------
    config : the machine

    Attributes
    ----------
    start : begins a program, unless one is running
    program, count : first beat and number of instructions, at most `INSTRUCTIONS`
    arguments : argument i becomes scalar register 1 + i
    aborted : ends the program at the next loop boundary
    watchdog, paused : see `Watchdog`
    request, beats : read the program from memory port 0
    fetch_error : the bus answered with an error
    peek : reads the vector memory
    ld, st, mpe, misc : the units; `mpe` is the controller
    ahead : commands of the matrix unit, to its stream reader
    retired : [unit] the instruction that ends in this cycle
    state, error, error_pc, error_unit, ended : see `Status`
    busy, stalled : [unit] it works; it has nothing but an instruction that waits for tokens (SYS:
        an instruction that waits for room in a queue)
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        super().__init__(
            {
                "start": In(1),
                "program": In(32),
                "count": In(32),
                "arguments": In(data.ArrayLayout(VALUE_BITS, ARGUMENTS)),
                "aborted": In(1),
                "watchdog": In(32),
                "paused": In(1),
                "request": Out(stream.Signature(REQUEST)),
                "beats": In(stream.Signature(BEAT_BITS)),
                "fetch_error": In(1),
                "peek": Out(vector_read(config)),
                **{unit.name.lower(): Out(UnitPort(unit)) for unit in UNITS},
                "ahead": Out(stream.Signature(resolved(Multiply))),
                "retired": Out(data.ArrayLayout(RETIRED, len(Unit))),
                "state": Out(State),
                "error": Out(ErrorCode),
                "error_pc": Out(PC_BITS),
                "error_unit": Out(Unit),
                "ended": Out(1),
                "busy": Out(len(Unit)),
                "stalled": Out(len(Unit)),
            }
        )

        self._control = Control()
        self._fetch = Fetch()
        self._registers = RegisterFile()
        self._resolver = Resolver()
        self._loops = Loops()
        self._system = SystemUnit(config)
        self._tokens = Tokens()
        self._status = Status()
        self._watchdog = Watchdog()
        depth = config.queue_depth
        self._queues: dict[Unit, UnitQueue | MatrixQueue] = {
            Unit.LD: UnitQueue(resolved(Load), depth),
            Unit.ST: UnitQueue(resolved(Store), depth),
            Unit.MPE: MatrixQueue(depth),
            Unit.MISC: UnitQueue(resolved(Vector), depth),
        }

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        stopped = Signal()
        m.d.comb += stopped.eq(self._status.state != State.RUNNING)
        m.submodules.status = self._status
        for name in _PARTS:
            m.submodules[name] = ResetInserter(stopped)(getattr(self, f"_{name}"))
        for unit, queue in self._queues.items():
            m.submodules[unit.name] = ResetInserter(stopped)(queue)
        self._load(m)
        self._resolve(m)
        self._execute(m)
        for unit in UNITS:
            self._dispatch(m, unit)
        self._observe(m)
        return m

    def _load(self, m: Module) -> None:
        """Join what loads the program and the registers."""
        control, fetch, registers = self._control, self._fetch, self._registers
        wiring.connect(m, fetch.request, wiring.flipped(self.request))
        wiring.connect(m, wiring.flipped(self.beats), fetch.response)
        m.d.comb += [
            control.count.eq(self.count),
            control.aborted.eq(self.aborted),
            fetch.start.eq(control.load),
            fetch.address.eq(self.program),
            fetch.count.eq(self.count),
            registers.arguments.eq(self.arguments),
            control.loaded.eq(~fetch.loading & ~registers.loading),
            fetch.pc.eq(control.pc),
            control.instruction.eq(fetch.instruction),
        ]

    def _resolve(self, m: Module) -> None:
        """Join what resolves operands."""
        control, resolver, registers = self._control, self._resolver, self._registers
        m.d.comb += [
            resolver.start.eq(control.resolve),
            control.resolved.eq(resolver.done),
            resolver.instruction.eq(self._fetch.instruction),
            registers.number.eq(resolver.number),
            resolver.value.eq(registers.value),
        ]

    def _execute(self, m: Module) -> None:
        """Join what executes SYS."""
        control, system, loops = self._control, self._system, self._loops
        index = Unit.SYS.value
        wiring.connect(m, system.peek, wiring.flipped(self.peek))
        m.d.comb += [
            system.active.eq(control.execute & (control.unit == Unit.SYS)),
            system.pc.eq(control.pc),
            system.instruction.eq(self._fetch.instruction),
            system.values.eq(self._resolver.values),
            control.position.eq(system.position),
            self._registers.write.eq(system.write),
            self._registers.target.eq(system.target),
            self._registers.result.eq(system.result),
            loops.push.eq(system.push),
            loops.loop.eq(system.loop),
            system.full.eq(loops.full),
            loops.pc.eq(control.pc),
            loops.step.eq(control.step),
            control.ends.eq(loops.ends),
            control.again.eq(loops.again),
            control.first.eq(loops.first),
            self.retired[index].valid.eq(system.done),
            self.retired[index].pc.eq(control.pc),
            self.busy[index].eq(system.active),
            self.stalled[index].eq(control.execute & ~system.active & ~control.accepted),
        ]
        with m.If(control.unit == Unit.SYS):
            m.d.comb += control.accepted.eq(system.done)
        self._count(m, Unit.SYS, system)
        idle = Signal()
        m.d.comb += idle.eq(Cat(queue.idle for queue in self._queues.values()).all())
        m.d.comb += [control.idle.eq(idle), system.idle.eq(idle)]

    def _count(self, m: Module, unit: Unit, row: Any) -> None:
        """Join a unit with its counters."""
        tokens, index = self._tokens, unit.value
        m.d.comb += [
            row.available.eq(tokens.available[index]),
            tokens.take[index].eq(row.take),
            row.room.eq(tokens.room[index]),
            tokens.give[index].eq(row.give),
        ]

    def _dispatch(self, m: Module, unit: Unit) -> None:
        """Join a unit and its queue with the sequencer."""
        control, queue, port = self._control, self._queues[unit], getattr(self, unit.name.lower())
        cls, index = CLASS_OF[unit], unit.value
        view = cls.layout()(self._fetch.instruction)
        values = [self._resolver.values[i] for i in range(len(operands(cls)))]
        entry = queue.entry
        m.d.comb += [
            entry.payload.pc.eq(control.pc),
            entry.payload.wait.eq(view.wait),
            entry.payload.release.eq(view.release),
            entry.payload.fence.eq(System.layout()(view.as_value()).opcode == Opcode.SYS),
            entry.payload.command.eq(resolve(cls, view, values)),
        ]
        with m.If(control.unit == unit):
            m.d.comb += [entry.valid.eq(control.execute), control.accepted.eq(entry.ready)]
        self._count(m, unit, queue)
        wiring.connect(m, queue.command, wiring.flipped(port.command))
        if unit is Unit.MPE:
            wiring.connect(m, queue.ahead, wiring.flipped(self.ahead))
        m.d.comb += [
            queue.done.eq(port.done),
            self.retired[index].eq(queue.retired),
            self.busy[index].eq(queue.busy),
            self.stalled[index].eq(queue.stalled),
            self._status.fault[index].eq(port.fault),
            self._status.pc[index].eq(queue.oldest),
        ]

    def _observe(self, m: Module) -> None:
        """Join status and watchdog."""
        status, watchdog, index = self._status, self._watchdog, Unit.SYS.value
        fault = status.fault[index]
        m.d.comb += [
            status.start.eq(self.start),
            status.ending.eq(self._control.ending),
            status.pc[index].eq(self._control.pc),
            status.expired.eq(watchdog.expired),
            watchdog.limit.eq(self.watchdog),
            watchdog.paused.eq(self.paused),
            watchdog.retires.eq(Cat(retired.valid for retired in self.retired).any()),
            self.state.eq(status.state),
            self.error.eq(status.error),
            self.error_pc.eq(status.error_pc),
            self.error_unit.eq(status.error_unit),
            self.ended.eq(status.ended),
        ]
        with m.If(self.fetch_error):
            m.d.comb += fault.eq(ErrorCode.MEMORY_BUS)
        with m.Elif(self._control.illegal | self._system.illegal):
            m.d.comb += fault.eq(ErrorCode.ILLEGAL_INSTRUCTION)
