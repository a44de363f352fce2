"""Queues: what goes in comes out, once, in order, and in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from tests.formal.case import Bug, Case
from tests.formal.rules import Property, handshakes, hold

from wingbeat.hw.rtl.lane import queues
from wingbeat.hw.rtl.lane.gearbox import Gearbox
from wingbeat.hw.rtl.lane.skid import Skid


class Order(Property):
    """Follows one item, any of them, from `input` to `output`.

    Parameters
    ----------
    capacity : items that the unit holds, at most
    latency : cycles in which it must offer an item, if it holds one
    """

    def __init__(self, unit: Any, capacity: int, latency: int) -> None:
        super().__init__(unit)
        self._capacity, self._latency = capacity, latency
        self._mark = self.choose(1, "mark")

    def rules(self, m: Module) -> None:
        """Count the items in front of the marked one."""
        source, sink = self.unit.input, self.unit.output
        for handshake in handshakes(self.unit):
            hold(m, handshake)
        enters, leaves = source.valid & source.ready, sink.valid & sink.ready
        held = Signal(range(self._capacity + 2))
        quiet = Signal(range(self._latency + 2))
        followed, ahead = Signal(), Signal.like(held)
        item = Signal(len(Value.cast(source.payload)))
        m.d.sync += [held.eq(held + enters - leaves), quiet.eq(0)]
        with m.If((held != 0) & ~sink.valid):
            m.d.sync += quiet.eq(quiet + 1)
        with m.If(followed & leaves):
            m.d.sync += ahead.eq(ahead - 1)
            with m.If(ahead == 0):
                m.d.comb += [
                    Assert(Value.cast(sink.payload) == item),
                    Cover(held == self._capacity),
                ]
                m.d.sync += followed.eq(0)
        with m.If(enters & self._mark & ~followed):
            m.d.sync += [followed.eq(1), item.eq(source.payload), ahead.eq(held - leaves)]
        m.d.comb += [
            Assert(held <= self._capacity),
            Assert((held != 0) | ~sink.valid),
            Assert(quiet <= self._latency),
        ]


class LaneQueue(wiring.Component):
    """One of the prefetch queues, as a component."""

    def __init__(self, connect: Callable[..., None], depth: int) -> None:
        self._connect, self._depth = connect, depth
        shape = data.ArrayLayout(1, 4)
        super().__init__(
            {"input": In(stream.Signature(shape)), "output": Out(stream.Signature(shape))}
        )

    def elaborate(self, platform: object) -> Module:
        """Nothing but the queue."""
        m = Module()
        self._connect(m, self.input, self.output, self._depth, "lane")
        return m


class Pieces(Property):
    """A gearbox loses no byte and changes none: follows one granule, any of them."""

    def __init__(self, unit: Any, sizes: tuple[int, ...]) -> None:
        super().__init__(unit)
        self._sizes = sizes
        self._mark = self.choose(1, "mark")
        self._which = self.choose(range(16), "which")

    def rules(self, m: Module) -> None:
        """Count the granules in front of the marked one."""
        unit, bits = self.unit, 8 * self.unit.granule
        beats, count = unit.beats, Signal(range(17))
        m.d.comb += count.eq(beats.payload.bytes // unit.granule)
        pieces = [size // unit.granule for size in self._sizes]
        m.d.comb += [
            Assume(sum(unit.take == piece for piece in (0, *pieces)) != 0),
            Assume(unit.take <= unit.level),
            Assume((beats.payload.bytes % unit.granule == 0) & (beats.payload.bytes <= 16)),
        ]
        enters = beats.valid & beats.ready
        level = Signal(range(256))
        followed, place = Signal(), Signal(range(256))
        granule = Signal(bits)
        m.d.sync += level.eq(level - unit.take + Mux(enters, count, 0))
        m.d.comb += Assert(unit.level == level)
        with m.If(followed):
            m.d.sync += [place.eq(place - unit.take), followed.eq(place >= unit.take)]
            with m.If(place < max(pieces)):
                m.d.comb += Assert(unit.piece.word_select(place[:4], bits) == granule)
                m.d.comb += Cover((place < unit.take) & (place != 0))
        with m.Elif(enters & self._mark & (self._which < count)):
            m.d.sync += [
                followed.eq(1),
                place.eq(level - unit.take + self._which),
                granule.eq(beats.payload.data.word_select(self._which, bits)),
            ]


# fmt: off
CASES = (
    Case("skid order", Skid, lambda unit: Order(unit(8), 2, 0),
         Bug("with m.If(~waiting):", "with m.If(waiting):"), mode="bmc", depth=10, deep=30),
    Case("lane queue order", queues.connect, lambda unit: Order(LaneQueue(unit, 4), 4, 1),
         Bug("queue.w_en.eq(source.valid)", "queue.w_en.eq(source.valid & sink.ready)"),
         mode="bmc", depth=12, deep=30),
    Case("gearbox order", Gearbox, lambda unit: Pieces(unit((6, 16)), (6, 16)),
         Bug("kept.eq(content[8 * size :])", "kept.eq(content[8 * size + 8 :])"),
         mode="bmc", depth=6, deep=12),
)
# fmt: on
