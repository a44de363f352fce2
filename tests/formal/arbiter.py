"""The read arbiter: the weight stream is passed by one burst at most, and data go to their user."""

from __future__ import annotations

from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from tests.formal.case import Bug, Case
from tests.formal.rules import Property, handshakes, hold

from wingbeat.hw.rtl.bus.arbiter import ReadArbiter

USERS = 3


class Turns(Property):
    """User 0 waits for one burst of another user at most; no word comes to two users."""

    def rules(self, m: Module) -> None:
        """Count the bursts that pass user 0 while it waits."""
        for handshake in handshakes(self.unit):
            hold(m, handshake)
        first, *others = self.unit.users
        passed, passes = Signal(range(4)), Signal()
        m.d.comb += passes.eq(sum(user.ar.valid & user.ar.ready for user in others) != 0)
        with m.If(~first.ar.valid | first.ar.ready):
            m.d.sync += passed.eq(0)
        with m.Elif(passes):
            m.d.sync += passed.eq(passed + 1)
        m.d.comb += [Assert(passed <= 1), Cover((passed == 1) & first.ar.ready)]

        m.d.comb += Assume(~self.unit.stop)
        r = self.unit.bus.r
        for index, user in enumerate(self.unit.users):
            mine = r.valid & (r.id == index)
            m.d.comb += [
                Assert(user.r.valid == mine),
                Assert(~mine | ((user.r.data == r.data) & (user.r.ready == r.ready))),
            ]


class Stops(Property):
    """Stopped at any moment: nothing is withdrawn, all data are taken, and quiet means quiet."""

    def rules(self, m: Module) -> None:
        """Count the words that the memory owes."""
        unit = self.unit
        ar, r = unit.bus.ar, unit.bus.r
        bursts = Signal(range(16))
        asked = ar.valid & ar.ready
        for handshake in handshakes(unit):
            if handshake.sent and "ar" in handshake.name:
                hold(m, handshake)
        m.d.sync += bursts.eq(bursts + asked - (r.valid & r.ready & r.last))
        m.d.comb += [
            Assume(~r.valid | (bursts != 0)),
            Assert(~unit.stop | r.ready),
            Assert(unit.quiet == ((bursts == 0) & ~ar.valid)),
            Cover(unit.stop & r.valid & (bursts == 2)),
        ]
        for user in unit.users:
            m.d.comb += Assert(~unit.stop | (~user.ar.ready & ~user.r.valid))


# fmt: off
CASES = (
    Case("read arbiter turns", ReadArbiter, lambda unit: Turns(unit(128, USERS)),
         Bug("with m.If(first.valid & (last != 0)):", "with m.If(first.valid & (last == 1)):"),
         mode="bmc", depth=7, deep=20),
    Case("read arbiter stops", ReadArbiter, lambda unit: Stops(unit(128, USERS)),
         Bug("self.quiet.eq(under_way == 0)", "self.quiet.eq(under_way <= 1)"),
         mode="bmc", depth=9, deep=20),
)
# fmt: on
