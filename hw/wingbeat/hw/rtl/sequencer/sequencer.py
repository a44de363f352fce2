"""The sequencer: all of its parts joined."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, DomainRenamer, Module, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import Load, Multiply, Opcode, Store, Unit, Vector
from wingbeat.hw.register_map import ARGUMENTS
from wingbeat.hw.rtl.bus.read_engine import REQUEST
from wingbeat.hw.rtl.clock_gate import resting_domain
from wingbeat.hw.rtl.command import VALUE_BITS, operands, resolve, resolved
from wingbeat.hw.rtl.memory.ports import vector_read
from wingbeat.hw.rtl.sequencer.matrix_queue import MatrixQueue
from wingbeat.hw.rtl.sequencer.ports import CLASS_OF, UnitPort
from wingbeat.hw.rtl.sequencer.processor import Processor
from wingbeat.hw.rtl.sequencer.program import ACTIVITY, PC_BITS, RETIRED, UNITS
from wingbeat.hw.rtl.sequencer.queue import UnitQueue
from wingbeat.hw.rtl.sequencer.status import Status
from wingbeat.hw.rtl.sequencer.tokens import Tokens
from wingbeat.hw.rtl.sequencer.watchdog import Watchdog

FLOW = "flow"
"""The clock domain of processor, queues and tokens."""


class Sequencer(wiring.Component):
    """Runs programs: equals `wingbeat.hw.sequencer.Sequencer`, with units that run decoupled.

    A start loads the program, then runs it. All state but `Status` is held in reset while no
    program runs (`clear`), and the units are to be as well: every start finds them, queues and
    counters empty, however the program before it ended.

    Parameters
    ----------
    config : the machine

    Attributes
    ----------
    start : begins a program, unless one is running
    program, count : first beat and number of instructions, at most `INSTRUCTIONS`
    arguments : argument i becomes scalar register 1 + i
    aborted : ends the program at the next loop boundary, or at once when it is `paused`
    watchdog, paused : see `Watchdog`
    request, beats : read the program from memory port 0
    fetch_error : the bus answered with an error
    peek : reads the vector memory
    ld, st, mpe, misc : the units; `mpe` is the controller
    ahead : commands of the matrix unit, to its stream reader
    retired : [unit] the instruction that ends in this cycle
    activity : see `ACTIVITY`
    quiet, clear, stop, report, reported : see `Status`
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
                "activity": Out(ACTIVITY),
                "quiet": In(1),
                "clear": Out(1),
                "stop": Out(1),
                "report": Out(1),
                "reported": Out(State),
                "state": Out(State),
                "error": Out(ErrorCode),
                "error_pc": Out(PC_BITS),
                "error_unit": Out(Unit),
                "ended": Out(1),
                "busy": Out(len(Unit)),
                "stalled": Out(len(Unit)),
            }
        )
        depth = config.queue_depth
        self._queues: dict[Unit, UnitQueue | MatrixQueue] = {
            Unit.LD: UnitQueue(resolved(Load), depth),
            Unit.ST: UnitQueue(resolved(Store), depth),
            Unit.MPE: MatrixQueue(depth),
            Unit.MISC: UnitQueue(resolved(Vector), depth),
        }
        self._processor = Processor(config)
        self._tokens = Tokens()
        self._watchdog = Watchdog()
        self._status = Status()

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        stopped = self._status.clear
        m.submodules.status = self._status
        self._rest(m)
        m.submodules.processor = _flow(stopped, self._processor)
        m.submodules.tokens = _flow(stopped, self._tokens)
        # it also watches over a start that waits for the bus
        no_run = self._status.state != State.RUNNING
        m.submodules.watchdog = ResetInserter(no_run)(self._watchdog)
        for unit, queue in self._queues.items():
            m.submodules[unit.name] = _flow(stopped, queue)
            self._dispatch(m, unit)
            self._count(m, unit, queue)
        self._count(m, Unit.SYS, self._processor)
        self._execute(m)
        self._observe(m)
        return m

    def _rest(self, m: Module) -> None:
        """Let the flow of instructions rest while one waits for room in a queue and none moves."""
        dispatch = self._processor.dispatch
        moves = Cat(queue.moves for queue in self._queues.values()).any()
        active = ~dispatch.valid | dispatch.ready | moves | self._status.clear
        resting_domain(m, active, name=FLOW)

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
        """Join a unit and its queue with the processor."""
        queue, port = self._queues[unit], getattr(self, unit.name.lower())
        cls, index = CLASS_OF[unit], unit.value
        dispatch = self._processor.dispatch
        instruction = cls.layout()(dispatch.payload.instruction)
        values = [dispatch.payload.values[i] for i in range(len(operands(cls)))]
        entry = queue.entry
        m.d.comb += [
            entry.payload.pc.eq(dispatch.payload.pc),
            entry.payload.wait.eq(instruction.wait),
            entry.payload.release.eq(instruction.release),
            entry.payload.fence.eq(instruction.opcode == Opcode.SYS),
            entry.payload.command.eq(resolve(cls, instruction, values)),
        ]
        with m.If(dispatch.payload.unit == unit):
            m.d.comb += [entry.valid.eq(dispatch.valid), dispatch.ready.eq(entry.ready)]
        wiring.connect(m, queue.command, wiring.flipped(port.command))
        m.d.comb += [
            queue.done.eq(port.done),
            self.activity.dispatched[index].eq(entry.valid & entry.ready),
            self.activity.started[index].eq(queue.started),
            self.retired[index].eq(queue.retired),
            self.busy[index].eq(queue.busy),
            self.stalled[index].eq(queue.stalled),
            self._status.fault[index].eq(port.fault),
            self._status.pc[index].eq(queue.oldest),
        ]
        if isinstance(queue, MatrixQueue):
            wiring.connect(m, queue.ahead, wiring.flipped(self.ahead))

    def _execute(self, m: Module) -> None:
        """Join the processor with the host and the memories."""
        processor, dispatch, index = self._processor, self._processor.dispatch, Unit.SYS.value
        goes_on = Signal()  # with what it executed in the cycle before
        m.d.sync += goes_on.eq(processor.executes & ~processor.done)
        wiring.connect(m, processor.request, wiring.flipped(self.request))
        wiring.connect(m, wiring.flipped(self.beats), processor.beats)
        wiring.connect(m, processor.peek, wiring.flipped(self.peek))
        m.d.comb += [
            processor.program.eq(self.program),
            processor.count.eq(self.count),
            processor.arguments.eq(self.arguments),
            processor.aborted.eq(self.aborted),
            processor.idle.eq(Cat(queue.idle for queue in self._queues.values()).all()),
            self.activity.started[index].eq(processor.executes & ~goes_on),
            self.retired[index].valid.eq(processor.done),
            self.retired[index].pc.eq(processor.pc),
            self.busy[index].eq(processor.executes),
            self.stalled[index].eq(dispatch.valid & ~dispatch.ready),
        ]

    def _observe(self, m: Module) -> None:
        """Join status and watchdog."""
        processor, status, watchdog = self._processor, self._status, self._watchdog
        index = Unit.SYS.value
        m.d.comb += [
            status.start.eq(self.start),
            status.ending.eq(processor.ending),
            status.pc[index].eq(processor.pc),
            status.expired.eq(watchdog.expired),
            status.abandoned.eq(self.aborted & self.paused),
            status.quiet.eq(self.quiet),
            watchdog.limit.eq(self.watchdog),
            watchdog.paused.eq(self.paused),
            watchdog.retires.eq(Cat(retired.valid for retired in self.retired).any()),
            self.activity.running.eq(~status.clear),
            self.activity.stalled.eq(self.stalled),
        ]
        for name in (
            "clear", "stop", "report", "reported",
            "state", "error", "error_pc", "error_unit", "ended",
        ):  # fmt: skip
            m.d.comb += getattr(self, name).eq(getattr(status, name))
        fault = Signal(ErrorCode)
        m.d.comb += status.fault[index].eq(fault)
        with m.If(self.fetch_error):
            m.d.comb += fault.eq(ErrorCode.MEMORY_BUS)
        with m.Elif(processor.illegal):
            m.d.comb += fault.eq(ErrorCode.ILLEGAL_INSTRUCTION)


def _flow(stopped: Any, component: Any) -> Any:
    """Put a component into the domain `FLOW`, and in reset while it is stopped."""
    return DomainRenamer(FLOW)(ResetInserter(stopped)(component))
