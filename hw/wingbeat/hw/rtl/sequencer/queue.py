"""The queue in front of a unit: tokens are taken at its head and given when commands end."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO, SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.sequencer.program import MASK, PC_BITS, RETIRED, entry_layout

IN_PROGRESS = 8
"""Instructions that a unit has accepted and not finished, at most."""

_STARTED = data.StructLayout({"pc": PC_BITS, "release": MASK, "fence": 1})


class UnitQueue(wiring.Component):
    """Holds instructions until their tokens are there, and follows them until they are done.

    An instruction takes its tokens in the cycle in which the unit accepts its command; a fence, as
    soon as they are there. Instructions retire in order, each when its command is done and every
    counter that it gives to has room.

    Parameters
    ----------
    command : layout of the unit's commands
    depth : instructions that wait

    Attributes
    ----------
    entry : instructions, from the sequencer
    command, done : to the unit; one pulse of `done` a command, in order
    available, take, room, give : this unit's row of `Tokens`
    started : an instruction is in progress since this cycle
    retired : the instruction that ends in this cycle
    oldest : pc of the oldest instruction that is in progress, else of the head
    idle : no instruction waits or is in progress
    busy : an instruction is in progress
    stalled : none is, because the head waits for tokens
    moves : an instruction comes, starts or ends in this cycle, or a command is done
    """

    def __init__(self, command: Any, depth: int) -> None:
        self._entry = entry_layout(command)
        self._depth = depth
        super().__init__(
            {
                "entry": In(stream.Signature(self._entry)),
                "command": Out(stream.Signature(command)),
                "done": In(1),
                "available": In(MASK),
                "take": Out(MASK),
                "room": In(MASK),
                "give": Out(MASK),
                "started": Out(1),
                "retired": Out(RETIRED),
                "oldest": Out(PC_BITS),
                "idle": Out(1),
                "busy": Out(1),
                "stalled": Out(1),
                "moves": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.submodules.waiting = waiting = SyncFIFOBuffered(width=self._entry.size, depth=self._depth)
        m.submodules.started = started = SyncFIFO(width=_STARTED.size, depth=IN_PROGRESS)
        head = self._entry(waiting.r_data)
        entering, oldest = _STARTED(started.w_data), _STARTED(started.r_data)
        m.d.comb += [
            waiting.w_data.eq(self.entry.payload),
            waiting.w_en.eq(self.entry.valid),
            self.entry.ready.eq(waiting.w_rdy),
        ]

        met, starts = Signal(), Signal()
        m.d.comb += [
            met.eq((head.wait & ~self.available) == 0),
            self.command.payload.eq(head.command),
            self.command.valid.eq(waiting.r_rdy & met & started.w_rdy & ~head.fence),
            starts.eq(waiting.r_rdy & met & started.w_rdy & (head.fence | self.command.ready)),
            entering.pc.eq(head.pc),
            entering.release.eq(head.release),
            entering.fence.eq(head.fence),
            started.w_en.eq(starts),
            waiting.r_en.eq(starts),
        ]
        with m.If(starts):
            m.d.comb += self.take.eq(head.wait)

        finished = Signal(range(IN_PROGRESS + 1))
        ends, used = Signal(), Signal()
        m.d.comb += [
            ends.eq(
                started.r_rdy
                & (oldest.fence | (finished != 0))
                & ((oldest.release & ~self.room) == 0)
            ),
            used.eq(ends & ~oldest.fence),
            started.r_en.eq(ends),
            self.retired.valid.eq(ends),
            self.retired.pc.eq(oldest.pc),
        ]
        m.d.sync += [finished.eq(finished + self.done - used), self.started.eq(starts)]
        with m.If(ends):
            m.d.comb += self.give.eq(oldest.release)

        m.d.comb += [
            self.busy.eq(started.r_rdy),
            self.stalled.eq(~started.r_rdy & waiting.r_rdy & ~met),
            self.idle.eq((waiting.level == 0) & (started.level == 0)),
            self.oldest.eq(oldest.pc),
            self.moves.eq((self.entry.valid & self.entry.ready) | starts | ends | self.done),
        ]
        with m.If(~started.r_rdy):
            m.d.comb += self.oldest.eq(head.pc)
        return m
