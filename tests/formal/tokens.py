"""Wait/release counters: none over- or underflows, and no instruction starts before its tokens.

The counters need users that take only what is there and give only where there is room. That is
assumed of them in one place, and proved of each of them: both kinds of queue, and SYS.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Assert, Assume, Cover, Module, Signal
from tests.formal.case import Bug, Case
from tests.formal.rules import Property, forever
from tests.formal.streams import CONFIG

from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.rtl.sequencer.matrix_queue import MatrixQueue
from wingbeat.hw.rtl.sequencer.queue import UnitQueue
from wingbeat.hw.rtl.sequencer.system import SystemUnit
from wingbeat.hw.rtl.sequencer.tokens import Tokens

COUNTER_LIMIT = 3
"""Tokens that a counter holds in the proof, instead of 15."""

PAIRS = [(source.value, target.value) for source in Unit for target in Unit if source != target]


class Counters(Property):
    """A counter of any pair of units says what two wider ones, of gives and of takes, say."""

    def __init__(self, unit: Any) -> None:
        super().__init__(unit)
        self._pair = self.choose(range(len(PAIRS)), "pair")

    def rules(self, m: Module) -> None:
        """Follow the counter of one pair, any of them."""
        unit, pair = self.unit, forever(m, self._pair, "pair")
        give = Array(unit.give[source][target] for source, target in PAIRS)[pair]
        take = Array(unit.take[target][source] for source, target in PAIRS)[pair]
        room = Array(unit.room[source][target] for source, target in PAIRS)[pair]
        available = Array(unit.available[target][source] for source, target in PAIRS)[pair]
        given, taken, held = Signal(6), Signal(6), Signal(6)
        m.d.sync += [given.eq(given + give), taken.eq(taken + take)]
        m.d.comb += [
            held.eq(given - taken),
            Assume(pair < len(PAIRS)),
            Assume(available | ~take),
            Assume(room | ~give),
            Assert(held <= COUNTER_LIMIT),
            Assert(available == (held != 0)),
            Assert(room == (held != COUNTER_LIMIT)),
            Cover((held == COUNTER_LIMIT) & take),
        ]
        for own in range(len(Unit)):
            m.d.comb += Assert(~unit.available[own][own] & ~unit.room[own][own])


class Users(Property):
    """Takes tokens that are available only, and gives where there is room only."""

    def rules(self, m: Module) -> None:
        """Compare masks."""
        unit = self.unit
        m.d.comb += [
            Assert((unit.take & ~unit.available) == 0),
            Assert((unit.give & ~unit.room) == 0),
            Cover(unit.take.any() & ~unit.available.all()),
            Cover(unit.give.any() & ~unit.room.all()),
        ]


# fmt: off
CASES = (
    Case("token counters", Tokens, lambda unit: Counters(unit()),
         Bug("count != COUNTER_LIMIT", "count != COUNTER_LIMIT - 1"),
         mode="bmc", depth=9, deep=16, scaled={"COUNTER_LIMIT": COUNTER_LIMIT}),
    Case("unit queue tokens", UnitQueue, lambda unit: Users(unit(4, 2)),
         Bug("waiting.r_rdy & met & started.w_rdy & (head.fence | self.command.ready)",
             "waiting.r_rdy & started.w_rdy & (head.fence | self.command.ready)"), depth=1),
    Case("matrix queue tokens", MatrixQueue, lambda unit: Users(unit(2)),
         Bug("first.r_rdy & second.entry.ready & ((waits & ~self.available) == 0)",
             "first.r_rdy & second.entry.ready"), depth=1),
    Case("system tokens", SystemUnit, lambda unit: Users(unit(CONFIG)),
         Bug("(system.release & ~self.room) == 0", "(system.release & ~self.available) == 0"),
         depth=1),
)
# fmt: on
