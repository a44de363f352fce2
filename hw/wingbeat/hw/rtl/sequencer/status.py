"""What the device is doing, what went wrong first, and how a run comes to a clean end."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.rtl.sequencer.program import PC_BITS

PATIENCE = 1 << 16
"""Cycles within which the memory is to answer what is under way when a program ends."""


class Status(wiring.Component):
    """State and error record of the device, and the order in which a run begins and ends.

    | phase | lasts until | units | bus |
    |---|---|---|---|
    | idle | `start` | in reset | quiet |
    | wait | the bus is quiet | in reset | finishes what is under way |
    | run | the program ends or fails | work | works |
    | drain | the bus is quiet | in reset | finishes what is under way |
    | report | the record is in memory | in reset | writes it |

    A memory that answers no more would keep the last two for ever: behind `PATIENCE` cycles they
    end without it. The next start then waits, under the eye of the watchdog, until all that was
    left behind has been answered.

    The first fault ends the program; of several in one cycle, the unit with the lowest number has
    it, and the watchdog comes last.

    Attributes
    ----------
    start : begins a program, unless one is running
    ending : not RUNNING: the program has ended, this way
    fault, pc : error of each unit, and the instruction that it is working on
    expired : the watchdog ends the program; that counts as an error of SYS
    abandoned : the host asks for an end, and the program waits for the host
    quiet : nothing is under way on any port
    clear : the units are in reset
    stop : nothing new may begin on any port
    report : pulses when `reported` is to be written to memory
    reported : RUNNING, or how the program has ended
    state, error, error_pc, error_unit : stay until the next start; `state` is RUNNING up to the
        end of the last phase
    ended : pulses when a program has ended
    """

    start: In(1)
    ending: In(State)
    fault: In(data.ArrayLayout(ErrorCode, len(Unit)))
    pc: In(data.ArrayLayout(PC_BITS, len(Unit)))
    expired: In(1)
    abandoned: In(1)
    quiet: In(1)
    clear: Out(1, init=1)
    stop: Out(1)
    report: Out(1)
    reported: Out(State)
    state: Out(State)
    error: Out(ErrorCode)
    error_pc: Out(PC_BITS)
    error_unit: Out(Unit)
    ended: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        patience = Signal(range(PATIENCE + 1))
        ends = Signal()
        m.d.sync += [self.ended.eq(0), self.report.eq(0)]
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += [
                    self.state.eq(State.RUNNING),
                    self.reported.eq(State.RUNNING),
                    self.error.eq(ErrorCode.NONE),
                ]
                m.next = "WAIT"
            with m.State("WAIT"):
                m.d.comb += self.stop.eq(1)
                with m.If(self.quiet):
                    m.d.sync += [self.clear.eq(0), self.report.eq(1)]
                    m.next = "RUN"
                with m.Elif(self.expired):
                    m.d.comb += ends.eq(1)
                    self._fail(m, ErrorCode.WATCHDOG, Unit.SYS)
                    m.next = "DRAIN"
            with m.State("RUN"):
                self._run(m, ends)
                with m.If(ends):
                    m.d.sync += self.clear.eq(1)
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                m.d.comb += self.stop.eq(1)
                with m.If(self.quiet):
                    m.d.sync += self.report.eq(1)
                    m.next = "REPORT"
                with m.Elif(patience == 0):
                    self._end(m)
            with m.State("REPORT"), m.If(~self.report & (self.quiet | (patience == 0))):
                self._end(m)
        with m.If(ends):
            m.d.sync += patience.eq(PATIENCE)
        with m.Elif(patience != 0):
            m.d.sync += patience.eq(patience - 1)
        return m

    def _run(self, m: Module, ends: Signal) -> None:
        """Find out whether the program ends in this cycle, and how."""
        with m.If(self.abandoned):
            m.d.comb += ends.eq(1)
            m.d.sync += self.reported.eq(State.ABORTED)
        with m.If(self.ending != State.RUNNING):
            m.d.comb += ends.eq(1)
            m.d.sync += self.reported.eq(self.ending)
        with m.If(self.expired):
            m.d.comb += ends.eq(1)
            self._fail(m, ErrorCode.WATCHDOG, Unit.SYS)
        # the last assignment counts: the lowest unit comes last
        for unit in reversed(Unit):
            fault = Signal(ErrorCode, name=f"fault_{unit.name}")
            m.d.comb += fault.eq(self.fault[unit.value])
            with m.If(fault != ErrorCode.NONE):
                m.d.comb += ends.eq(1)
                self._fail(m, fault, unit)

    def _fail(self, m: Module, error: ErrorCode | Signal, unit: Unit) -> None:
        m.d.sync += [
            self.reported.eq(State.FAILED),
            self.error.eq(error),
            self.error_pc.eq(self.pc[unit.value]),
            self.error_unit.eq(unit),
        ]

    def _end(self, m: Module) -> None:
        m.d.sync += [self.state.eq(self.reported), self.ended.eq(1)]
        m.next = "IDLE"
