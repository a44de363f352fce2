"""Streams that are shared or cut: every receiver gets what is theirs, once, in order."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal
from tests.formal.case import Bug, Case
from tests.formal.rules import Property, handshakes, hold

from wingbeat.hw.rtl.broadcast import Broadcast
from wingbeat.hw.rtl.bus.serialiser import Serialiser
from wingbeat.hw.rtl.matrix.deal import Deal

LANES = 8
WIDTH = 2
"""Beats of a word."""


class Copies(Property):
    """A payload is taken from the source when every receiver has had it exactly once."""

    def rules(self, m: Module) -> None:
        """Remember who took the present payload."""
        unit = self.unit
        for handshake in handshakes(unit):
            hold(m, handshake)
        had, takes = Signal(len(unit.sinks)), Signal(len(unit.sinks))
        taken = unit.source.valid & unit.source.ready
        m.d.comb += takes.eq(Cat(sink.valid & sink.ready for sink in unit.sinks))
        m.d.sync += had.eq(Mux(taken, 0, had | takes))
        m.d.comb += [Assert((had & takes) == 0), Assert(taken == (had | takes).all())]
        for sink in unit.sinks:
            m.d.comb += Assert(~sink.valid | (sink.payload == unit.source.payload))
        m.d.comb += Cover(taken & had.any() & ~had[0])


class Dealt(Property):
    """Beat n goes to lane n mod lanes, all beats of a word at once."""

    def rules(self, m: Module) -> None:
        """Count words."""
        unit = self.unit
        for handshake in handshakes(unit):
            hold(m, handshake)
        first = Signal(range(LANES))  # lane of the present word's first beat
        taken = unit.words.valid & unit.words.ready
        with m.If(taken):
            m.d.sync += first.eq(first + WIDTH)
        for lane in range(LANES):
            beats: Any = unit.beats[lane]
            mine = (first == lane // WIDTH * WIDTH) & taken
            m.d.comb += [
                Assert((beats.valid & beats.ready) == mine),
                Assert(~mine | (beats.payload == unit.words.payload.data[lane % WIDTH])),
            ]
        m.d.comb += Cover(taken & (first == LANES - WIDTH))


class Beats(Property):
    """The beats of a word follow each other, as many as it has; then it is taken."""

    def rules(self, m: Module) -> None:
        """Count beats."""
        unit = self.unit
        for handshake in handshakes(unit):
            hold(m, handshake)
        words, beats, count = unit.words, unit.beats, unit.words.payload.count
        number = Signal(range(LANES))  # of the beat in its word
        taken = beats.valid & beats.ready
        m.d.comb += [
            Assume((count != 0) & (count <= LANES // WIDTH)),
            Assert(beats.valid == words.valid),
            Assert((words.valid & words.ready) == (taken & (number == count - 1))),
            Assert(~beats.valid | (beats.payload == words.payload.data[number[:2]])),
            Cover(taken & (number == LANES // WIDTH - 1)),
        ]
        with m.If(taken):
            m.d.sync += number.eq(Mux(words.ready, 0, number + 1))


# fmt: off
CASES = (
    Case("broadcast copies", Broadcast, lambda unit: Copies(unit(8, 3)),
         Bug("Cat(a & ~accepted.all() for a in accepted)", "accepted"), mode="bmc", depth=10),
    Case("deal turns", Deal, lambda unit: Dealt(unit(128 * WIDTH, LANES)),
         Bug("self.words.payload.data[place]", "self.words.payload.data[0]"),
         mode="bmc", depth=10),
    Case("serialiser order", Serialiser, lambda unit: Beats(unit(128 * LANES // WIDTH)),
         Bug("index + 1 == words.payload.count", "index == words.payload.count"),
         mode="bmc", depth=5, deep=10),
)
# fmt: on
