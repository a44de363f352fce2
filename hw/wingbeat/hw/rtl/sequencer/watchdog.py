"""The watchdog: a program that stops retiring instructions is ended."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Watchdog(wiring.Component):
    """Counts the cycles since the last retirement.

    Attributes
    ----------
    limit : cycles, 0 for no limit
    retires : an instruction retires
    paused : a unit waits for the host, which may take as long as it likes
    expired : `limit` cycles went by
    """

    limit: In(32)
    retires: In(1)
    paused: In(1)
    expired: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        quiet = Signal(32)
        with m.If(self.retires):
            m.d.sync += quiet.eq(0)
        with m.Elif(~self.paused):
            m.d.sync += quiet.eq(quiet + 1)
        m.d.comb += self.expired.eq((self.limit != 0) & (quiet >= self.limit))
        return m
