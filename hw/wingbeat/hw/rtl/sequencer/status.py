"""What the device is doing, and what went wrong first."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.rtl.sequencer.program import PC_BITS


class Status(wiring.Component):
    """State and error record of the device.

    The first fault ends the program; of several in one cycle, the unit with the lowest number has
    it, and the watchdog comes last.

    Attributes
    ----------
    start : begins a program, unless one is running
    ending : not RUNNING: the program has ended, this way
    fault, pc : error of each unit, and the instruction that it is working on
    expired : the watchdog ends the program; that counts as an error of SYS
    state, error, error_pc, error_unit : stay until the next start
    ended : pulses when a program has ended
    """

    start: In(1)
    ending: In(State)
    fault: In(data.ArrayLayout(ErrorCode, len(Unit)))
    pc: In(data.ArrayLayout(PC_BITS, len(Unit)))
    expired: In(1)
    state: Out(State)
    error: Out(ErrorCode)
    error_pc: Out(PC_BITS)
    error_unit: Out(Unit)
    ended: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.d.sync += self.ended.eq(0)
        with m.If(self.state != State.RUNNING), m.If(self.start):
            m.d.sync += [self.state.eq(State.RUNNING), self.error.eq(ErrorCode.NONE)]
        with m.Else():
            with m.If(self.ending != State.RUNNING):
                m.d.sync += [self.state.eq(self.ending), self.ended.eq(1)]
            with m.If(self.expired):
                self._fail(m, ErrorCode.WATCHDOG, Unit.SYS)
            # the last assignment counts: the lowest unit comes last
            for unit in reversed(Unit):
                fault = Signal(ErrorCode, name=f"fault_{unit.name}")
                m.d.comb += fault.eq(self.fault[unit.value])
                with m.If(fault != ErrorCode.NONE):
                    self._fail(m, fault, unit)
        return m

    def _fail(self, m: Module, error: ErrorCode | Signal, unit: Unit) -> None:
        m.d.sync += [
            self.state.eq(State.FAILED),
            self.error.eq(error),
            self.error_pc.eq(self.pc[unit.value]),
            self.error_unit.eq(unit),
            self.ended.eq(1),
        ]
