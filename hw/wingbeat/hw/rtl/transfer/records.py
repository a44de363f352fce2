"""Where the scales and codes of one row lie in its lane's tile, group after group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2, exact_log2

from wingbeat.hw.config import ACCUMULATOR_ROWS
from wingbeat.hw.formats import GROUP, WeightFormat
from wingbeat.hw.isa.operands import BEAT_BYTES, TileRows
from wingbeat.hw.stream import TileLayout

GROUP_BITS = 19
"""Groups of a row."""

LANE_BEAT_BITS = 24
"""Beats of one lane's tile."""

HALF_BEAT_BYTES = 8
"""A row pair has as many of these a group as its codes have bits: 64 codes."""

_SIZES = range(1, 9)  # groups of a record


class RecordWalk(wiring.Component):
    """Walks the groups of a dense matrix's row.

    Attributes
    ----------
    format : index of the format in `formats`
    tile_rows : the field of the instruction
    row : row within the lane
    groups : groups of the row, at least 1
    start : pulse, go to the first group
    next : pulse, go to the next group
    last : this group is the last; valid a cycle later
    scale : place of the row's scale in the lane's tile, bytes; valid two cycles later
    codes : place of the row pair's codes, in half beats of 8 bytes; valid two cycles later
    lane_beats : beats of the whole tile in one lane, follows the inputs
    """

    def __init__(self, formats: Sequence[WeightFormat]) -> None:
        self._formats = formats
        super().__init__(
            {
                "format": In(ceil_log2(len(formats))),
                "tile_rows": In(TileRows),
                "row": In(range(ACCUMULATOR_ROWS)),
                "groups": In(GROUP_BITS),
                "start": In(1),
                "next": In(1),
                "last": Out(1),
                "scale": Out(LANE_BEAT_BITS + exact_log2(BEAT_BYTES)),
                "codes": Out(LANE_BEAT_BITS + 1),
                "lane_beats": Out(LANE_BEAT_BITS),
            }
        )

    @cached_property
    def _layouts(self) -> list[TileLayout]:
        """By tile rows, then format; how many lanes there are does not matter within one."""
        return [TileLayout(f, rows.rows, 1, 1) for f in self._formats for rows in TileRows]

    def elaborate(self, platform: object) -> Module:
        """Tables of record sizes, a count of groups, a record's first beat."""
        m = Module()
        kind = Cat(self.tile_rows.as_value(), self.format)

        def by_kind(value: Callable[[TileLayout], int], name: str) -> Signal:
            table = [value(layout) for layout in self._layouts]
            found = Signal(range(max(table) + 1), name=name)
            m.d.comb += found.eq(Array(table)[kind])
            return found

        def by_size(value: Callable[[TileLayout, int], int], size: Any, name: str) -> Signal:
            table = [value(layout, n) for layout in self._layouts for n in _SIZES]
            found = Signal(range(max(table) + 1), name=name)
            m.d.comb += found.eq(Array(table)[Cat((size - 1)[:3], kind)])
            return found

        def beats(layout: TileLayout, size: int) -> int:
            return layout.section(size).beats

        def scale_beats(layout: TileLayout, size: int) -> int:
            return -(-layout.section(size).scales // BEAT_BYTES)

        rows = by_kind(lambda layout: layout.rows, "rows")
        span_bits = by_kind(lambda layout: exact_log2(layout.span()), "span_bits")
        span = Signal(range(9))
        m.d.comb += span.eq(1 << span_bits)

        # the whole tile: full records, and what is left
        rest = Signal(range(8))
        whole = by_size(beats, span, "full_beats") * (self.groups >> span_bits)
        m.d.comb += rest.eq(self.groups & (span - 1))
        m.d.comb += self.lane_beats.eq(
            whole + Mux(rest != 0, by_size(beats, rest, "rest_beats"), 0)
        )

        start = Signal(LANE_BEAT_BITS)
        left = Signal(GROUP_BITS)
        index = Signal(range(8))
        unit = Signal(range(8 * ACCUMULATOR_ROWS // 2))
        size = Signal(range(9))
        pair = self.row[1:]
        m.d.comb += [size.eq(Mux(left + index < span, left + index, span)), self.last.eq(left == 1)]
        record = by_size(beats, size, "record_beats")
        with m.If(self.start):
            m.d.sync += [start.eq(0), left.eq(self.groups), index.eq(0), unit.eq(pair)]
        with m.Elif(self.next):
            m.d.sync += [left.eq(left - 1), index.eq(index + 1), unit.eq(unit + (rows >> 1))]
            with m.If(index + 1 == size):
                m.d.sync += [
                    start.eq(start + record),
                    index.eq(0),
                    unit.eq(pair),
                ]
        shared = by_kind(lambda layout: exact_log2(layout.format.group // GROUP), "shared")
        bytes_each = by_kind(lambda layout: layout.format.scale_bytes, "scale_bytes")
        code_bits = by_kind(lambda layout: layout.format.bits, "code_bits")
        scale = ((index >> shared) * rows + self.row) * bytes_each
        codes_start = start + by_size(scale_beats, size, "scale_beats")
        m.d.sync += [
            self.scale.eq(start * BEAT_BYTES + scale),
            self.codes.eq(codes_start * (BEAT_BYTES // HALF_BEAT_BYTES) + unit * code_bits),
        ]
        return m
