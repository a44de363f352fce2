"""A unit's queue: instructions start with their tokens, in order, and retire when they are done."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal
from tests.formal.case import Bug, Case
from tests.formal.rules import Property

from wingbeat.hw.rtl.sequencer.queue import UnitQueue

IN_PROGRESS = 2
DEPTH = 2


class Instructions(Property):
    """Follows one instruction, any of them, from `entry` to `retired`."""

    def __init__(self, unit: Any) -> None:
        super().__init__(unit)
        self._mark = self.choose(1, "mark")

    def rules(self, m: Module) -> None:
        """Count what is in front of the marked instruction, and what its unit has done."""
        unit = self.unit
        entry, command, retired = unit.entry, unit.command, unit.retired
        enters, starts = entry.valid & entry.ready, command.valid & command.ready
        followed, started = Signal(), Signal()
        held, ahead = Signal(5), Signal(5)  # all instructions
        queued, before = Signal(5), Signal(5)  # commands that wait for the unit
        working, finished = Signal(5), Signal(5)  # commands accepted, and done but not retired
        commands_held = Signal(5)
        item = Signal.like(entry.payload)
        is_command = ~entry.payload.fence
        retires_command = Signal()
        m.d.comb += [
            retires_command.eq(retired.valid & followed & (ahead == 0) & ~item.fence),
            Assume((working != 0) | ~unit.done),
            Assert(working <= IN_PROGRESS),
            Assert(held <= DEPTH + IN_PROGRESS + 1),
            Assert((held != 0) | ~retired.valid),
            Assert(unit.idle | (held != 0)),
        ]
        m.d.sync += [
            held.eq(held + enters - retired.valid),
            queued.eq(queued + (enters & is_command) - starts),
            working.eq(working + starts - unit.done),
            commands_held.eq(commands_held + (enters & is_command)),
            finished.eq(finished + unit.done),
        ]
        # commands up to and with the marked one: it retires when so many are done
        number = Signal(5)
        with m.If(followed & starts & ~item.fence & ~started):
            m.d.sync += before.eq(before - 1)
            with m.If(before == 0):
                m.d.sync += started.eq(1)
                m.d.comb += [
                    Assert(command.payload == item.command),
                    Assert(unit.take == item.wait),
                    Assert((item.wait & ~unit.available) == 0),
                    Cover(item.wait.any() & (working != 0)),
                ]
        with m.If(followed & retired.valid):
            m.d.sync += ahead.eq(ahead - 1)
            with m.If(ahead == 0):
                m.d.sync += followed.eq(0)
                m.d.comb += [
                    Assert(retired.pc == item.pc),
                    Assert(unit.give == item.release),
                    Assert(item.fence | (started & (finished >= number))),
                    Cover(~item.fence & item.release.any() & (held > 1)),
                ]
        with m.If(enters & self._mark & ~followed):
            m.d.sync += [
                followed.eq(1),
                started.eq(0),
                item.eq(entry.payload),
                ahead.eq(held - retired.valid),
                before.eq(queued - starts),
                number.eq(commands_held + Mux(is_command, 1, 0)),
            ]


# fmt: off
CASES = (
    Case("unit queue order", UnitQueue, lambda unit: Instructions(unit(1, DEPTH)),
         Bug("& (oldest.fence | (finished != 0))",
             "& (oldest.fence | self.done | (finished != 0))"),
         mode="bmc", depth=8, cover=12, deep=14, scaled={"IN_PROGRESS": IN_PROGRESS}),
)
# fmt: on
