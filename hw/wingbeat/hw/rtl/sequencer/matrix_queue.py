"""The matrix unit's queue: its commands go to the weight stream first, then to the controller."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import Out

from wingbeat.hw.isa.instructions import Multiply, Unit
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.sequencer.program import entry_layout
from wingbeat.hw.rtl.sequencer.queue import UnitQueue

COMMAND = resolved(Multiply)
ENTRY = entry_layout(COMMAND)


class MatrixQueue(wiring.Component):
    """A queue of two stages, each `depth` instructions deep.

    The first takes only the token from ST, an instruction's own or a fence's, and hands commands to
    the stream reader (`ahead`). The second is a `UnitQueue`: it takes the other tokens and hands
    commands to the controller. An instruction enters the second stage in the cycle in which the
    reader accepts its command.

    Attributes
    ----------
    ahead : commands, to the stream reader
    other : everything else, as in `UnitQueue`
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._second = UnitQueue(COMMAND, depth)
        members = dict(self._second.signature.members)
        super().__init__(members | {"ahead": Out(stream.Signature(COMMAND))})

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.submodules.first = first = SyncFIFOBuffered(width=ENTRY.size, depth=self._depth)
        m.submodules.second = second = self._second
        m.d.comb += [
            first.w_data.eq(self.entry.payload),
            first.w_en.eq(self.entry.valid),
            self.entry.ready.eq(first.w_rdy),
        ]

        head = ENTRY(first.r_data)
        stores = 1 << Unit.ST.value
        waits = head.wait & stores
        ready, moves = Signal(), Signal()
        m.d.comb += [
            ready.eq(first.r_rdy & second.entry.ready & ((waits & ~self.available) == 0)),
            moves.eq(ready & (head.fence | self.ahead.ready)),
            first.r_en.eq(moves),
            self.ahead.payload.eq(head.command),
            self.ahead.valid.eq(ready & ~head.fence),
            second.entry.valid.eq(moves),
            second.entry.payload.eq(first.r_data),
            second.entry.payload.wait.eq(head.wait & ~stores),
        ]

        m.d.comb += self.take.eq(second.take)
        with m.If(moves):
            m.d.comb += self.take.eq(second.take | waits)
        m.d.comb += [
            second.available.eq(self.available),
            second.room.eq(self.room),
            second.done.eq(self.done),
            self.command.payload.eq(second.command.payload),
            self.command.valid.eq(second.command.valid),
            second.command.ready.eq(self.command.ready),
            self.give.eq(second.give),
            self.started.eq(second.started),
            self.retired.eq(second.retired),
            self.oldest.eq(second.oldest),
            self.busy.eq(second.busy),
            self.stalled.eq(second.stalled),
            self.idle.eq(second.idle & (first.level == 0)),
            self.moves.eq((self.entry.valid & self.entry.ready) | second.moves),
        ]
        return m
