"""The read arbiter: the weight stream is passed by one burst at most, and data go to their user."""

from __future__ import annotations

from amaranth.hdl import Assert, Cover, Module, Signal
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

        r = self.unit.bus.r
        for index, user in enumerate(self.unit.users):
            mine = r.valid & (r.id == index)
            m.d.comb += [
                Assert(user.r.valid == mine),
                Assert(~mine | ((user.r.data == r.data) & (user.r.ready == r.ready))),
            ]


# fmt: off
CASES = (
    Case("read arbiter turns", ReadArbiter, lambda unit: Turns(unit(128, USERS)),
         Bug("with m.If(first.valid & (last != 0)):", "with m.If(first.valid & (last == 1)):"),
         mode="bmc", depth=7, deep=20),
)
# fmt: on
