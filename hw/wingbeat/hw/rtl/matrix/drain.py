"""Results from the accumulators of all lanes to the vector memory.

A lane hands out, column by column, its vectors one after another, the rows of a vector in quads.
The rows of all lanes stand side by side in the destination. Lanes take turns, because each needs
some cycles for a quad: the first quad of every lane, then the second. Where a lane has only one,
the quads of neighbouring lanes are neighbours in the destination too and go out together.
"""

from __future__ import annotations

import math
from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.operands import TileRows
from wingbeat.hw.rtl.command import BASE_BITS
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.commands import QUAD
from wingbeat.hw.rtl.matrix.operand_buffer import COUNT_BITS
from wingbeat.hw.rtl.memory.ports import quad_bits, vector_write
from wingbeat.hw.rtl.memory.vector_memory import VectorMemory

RESULTS = data.StructLayout(
    {
        "base": BASE_BITS,
        "outer_stride": 13,
        "inner_stride": 11,
        "outer": 8,
        "inner": 8,
        "tiles": COUNT_BITS,
        "tile_rows": TileRows,
    }
)
"""Where the results of a multiplication go; no `tiles`: there are none."""

SOURCE = data.StructLayout({"words": QUAD, "valid": 1})


class Drain(wiring.Component):
    """Collects quads in the order of the destination.

    Attributes
    ----------
    results : stream of `RESULTS`, one a multiplication, those without any included
    quads : streams of four words, lane by lane, the columns of a lane side by side
    write : port of the vector memory
    done : Out(1), pulse: all results of a multiplication are in the vector memory
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "results": In(stream.Signature(RESULTS)),
                "quads": In(stream.Signature(QUAD)).array(config.lanes * config.columns),
                "write": Out(vector_write(config)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Count through tiles, vectors, quads and lanes."""
        m = Module()
        lanes, columns = self._config.lanes, self._config.columns
        work, busy = Signal(RESULTS, reset_less=True), Signal()
        tile = Signal(COUNT_BITS, reset_less=True)
        outer, inner = Signal(8, reset_less=True), Signal(8, reset_less=True)
        odd, column, lane = Signal(), Signal(range(columns)), Signal(range(lanes))
        place = Signal(2)  # quad of a lane's rows
        at_outer, at_inner = Signal(BASE_BITS), Signal(BASE_BITS)  # granules
        behind = Signal(quad_bits(self._config))  # quads of the row so far: tiles before this one
        along = Signal(quad_bits(self._config))

        together = math.gcd(lanes, self._config.vector_lanes // QUAD.length)
        wide = work.tile_rows == TileRows.R4
        sources = Array(
            Array(data.View(SOURCE, Cat(q.payload.as_value(), q.valid)) for q in quads)
            for quads in (self.quads[c::columns] for c in range(columns))
        )
        source = [Signal(SOURCE, name=f"source_{i}") for i in range(together)]
        taken = Signal()
        m.d.comb += [
            source[i].eq(sources[column][(lane + i)[: ceil_log2(lanes)]]) for i in range(together)
        ]
        others = Cat(s.valid for s in source).all()
        m.d.comb += [
            self.write.quad.eq((at_inner << 2) + behind + along),
            self.write.words.as_value().eq(Cat(s.words for s in source)),
            self.write.enable.eq(
                Mux(wide, (1 << QUAD.length * together) - 1, (1 << QUAD.length) - 1)
            ),
            self.write.valid.eq(busy & source[0].valid & (~wide | others)),
            taken.eq(self.write.valid & self.write.ready),
            self.results.ready.eq(~busy),
        ]
        for number, quad in enumerate(self.quads):
            its_lane, its_column = divmod(number, columns)
            mine = Mux(wide, lane == its_lane - its_lane % together, lane == its_lane)
            m.d.comb += quad.ready.eq(taken & mine & (column == its_column))

        last_place = place == work.tile_rows.as_value()
        round_ends = Mux(wide, lane == lanes - together, lane == lanes - 1)
        last_quad = round_ends & last_place
        last_inner = last_quad & (inner == work.inner - 1)
        last_vector = last_inner & (outer == work.outer - 1)
        last_tile = last_vector & (tile == work.tiles - 1)
        finished = Signal()
        with m.If(taken):
            # the same quad of the next lane lies a lane's rows further on
            m.d.sync += lane.eq(lane + Mux(wide, together, 1))
            m.d.sync += along.eq(along + Mux(wide, together, work.tile_rows.as_value() + 1))
            with m.If(round_ends):
                m.d.sync += [lane.eq(0), place.eq(place + 1), along.eq(place + 1)]
            with m.If(last_quad):
                m.d.sync += [place.eq(0), along.eq(0), inner.eq(inner + 1), odd.eq(~odd)]
                m.d.sync += at_inner.eq(at_inner + work.inner_stride)
                with m.If(odd):
                    m.d.sync += column.eq(Mux(column == columns - 1, 0, column + 1))
            with m.If(last_inner):
                following = (at_outer + work.outer_stride)[:BASE_BITS]
                m.d.sync += [inner.eq(0), outer.eq(outer + 1)]
                m.d.sync += [at_outer.eq(following), at_inner.eq(following)]
            with m.If(last_vector):
                m.d.sync += [outer.eq(0), odd.eq(0), column.eq(0), tile.eq(tile + 1)]
                m.d.sync += [at_outer.eq(work.base), at_inner.eq(work.base)]
                m.d.sync += behind.eq(behind + Mux(wide, along + together, along + 1))
            with m.If(last_tile):
                m.d.sync += busy.eq(0)
        m.d.comb += finished.eq(taken & last_tile)
        with m.If(self.results.valid & self.results.ready):
            new = self.results.payload
            m.d.sync += [work.eq(new), busy.eq(new.tiles != 0), tile.eq(0), behind.eq(0)]
            m.d.sync += [outer.eq(0), inner.eq(0), odd.eq(0), column.eq(0), lane.eq(0)]
            m.d.sync += [place.eq(0), along.eq(0), at_outer.eq(new.base), at_inner.eq(new.base)]
            m.d.comb += finished.eq(new.tiles == 0)
        m.d.comb += self.done.eq(
            delay(m, finished, VectorMemory.WRITE_LATENCY, name="done", reset_less=False)
        )
        return m
