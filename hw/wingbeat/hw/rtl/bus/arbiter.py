"""Who may read from a port."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.rtl.bus.axi import Axi4Read

OUTSTANDING = 255
"""Bursts of a port that may wait for data: more than its read engines have room for."""

_BURST = ("addr", "len", "size", "burst")


class ReadArbiter(wiring.Component):
    """Shares the read half of a port between users, a burst at a time.

    User 0, the weight stream, gets every second burst if it wants it; the others take turns. The id
    of a burst is the number of its user, so data may come back in any order between users. A burst
    is passed on a cycle later; data are passed on in the same cycle.

    A program that fails leaves bursts behind that nobody waits for any more. While `stop` is high
    no burst is begun, and the data of those that were are taken and thrown away.

    Parameters
    ----------
    port_bits : data width of the port
    users : number of users, at least 2

    Attributes
    ----------
    users : read halves, without ids
    bus : the port, with `ceil(log2(users))` bits of id
    stop : the users are in reset
    quiet : no burst is offered to the port or waits for data
    """

    def __init__(self, port_bits: int, users: int) -> None:
        self._count = users
        super().__init__(
            {
                "users": In(Axi4Read(port_bits)).array(users),
                "bus": Out(Axi4Read(port_bits, id_bits=ceil_log2(users))),
                "stop": In(1),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Address channel, data channel, and the bursts in between."""
        m = Module()
        begun, ended = Signal(), Signal()
        under_way = Signal(range(OUTSTANDING + 1))
        m.d.sync += under_way.eq(under_way + begun - ended)
        m.d.comb += self.quiet.eq(under_way == 0)
        self._ask(m, begun, (under_way != OUTSTANDING) & ~self.stop)
        self._answer(m, ended)
        return m

    def _ask(self, m: Module, begun: Signal, go: Signal) -> None:
        """Choose a user and hold its burst until the port has taken it."""
        ar = self.bus.ar
        first, *others = [user.ar for user in self.users]
        last = Signal(range(self._count))
        last_other = Signal(range(self._count))
        chosen = Signal(range(self._count))
        # the last assignment wins: user 0 in its turn, then the next of the others, then the lowest
        backwards = list(enumerate(others, start=1))[::-1]
        for index, user in backwards:
            with m.If(user.valid):
                m.d.comb += chosen.eq(index)
        for index, user in backwards:
            with m.If(user.valid & (index > last_other)):
                m.d.comb += chosen.eq(index)
        with m.If(first.valid & (last != 0)):
            m.d.comb += chosen.eq(0)

        with m.If(~ar.valid | ar.ready):
            m.d.sync += ar.valid.eq(begun)
            with m.Switch(chosen):
                for index, user in enumerate([first, *others]):
                    with m.Case(index):
                        m.d.comb += [user.ready.eq(go), begun.eq(user.valid & go)]
                        m.d.sync += [
                            ar.id.eq(index),
                            *(getattr(ar, name).eq(getattr(user, name)) for name in _BURST),
                        ]
                        with m.If(user.valid & go):
                            m.d.sync += last.eq(index)
                            if index:
                                m.d.sync += last_other.eq(index)

    def _answer(self, m: Module, ended: Signal) -> None:
        """Hand each word to the user in whose burst it is."""
        r = self.bus.r
        for index, user in enumerate(self.users):
            mine = r.id == index
            m.d.comb += [
                user.r.valid.eq(r.valid & mine & ~self.stop),
                *(getattr(user.r, name).eq(getattr(r, name)) for name in ("data", "resp", "last")),
            ]
            with m.If(mine):
                m.d.comb += r.ready.eq(user.r.ready)
        with m.If(self.stop):
            m.d.comb += r.ready.eq(1)
        m.d.comb += ended.eq(r.valid & r.ready & r.last)
