"""The record structure of every format as a table, derived from `TileLayout`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.formats import SPARSE_COUNTS, WINDOW, WeightFormat
from wingbeat.hw.isa.operands import BEAT_BYTES, FormatField, TileRows
from wingbeat.hw.stream import TileLayout

LARGEST_RECORD = 8
"""Groups of a record, at most."""


@dataclass(frozen=True)
class Shape:
    """What tiles of a lane differ by, other than their rows: a format, and N of N:16."""

    format: WeightFormat
    kept: int

    def layout(self, rows: int) -> TileLayout:
        """Return the stream layout; that of one lane does not depend on how many there are."""
        return TileLayout(self.format, rows, 1, 1)


def shapes(config: AcceleratorConfig) -> tuple[Shape, ...]:
    """Return all shapes; their places in the tuple are the numbers that the lane uses."""
    return tuple(
        Shape(weights, kept)
        for weights in config.decoded_formats
        for kept in (SPARSE_COUNTS if weights.sparse else (WINDOW,))
    )


def is_sparse(config: AcceleratorConfig) -> bool:
    """Return whether any format is sparse: whether a lane has multiplexers and two scale units."""
    return any(weights.sparse for weights in config.decoded_formats)


def select(m: Module, key: Value, cases: dict[int, int], largest: int, name: str) -> Signal:
    """Return cases[key], 0 to `largest`, combinational; 0 for a key that is not there."""
    result = Signal(range(largest + 1), name=name)
    with m.Switch(key):
        for number, value in cases.items():
            with m.Case(number):
                m.d.comb += result.eq(value)
    return result


def _key(shape: Shape) -> int:
    return shape.kept << FormatField.width() | FormatField.of(shape.format).to_bits()


KEY_BITS = FormatField.width() + 8


def format_shape(m: Module, config: AcceleratorConfig, key: Value) -> Signal:
    """Return the number of the shape, combinational.

    Parameters
    ----------
    key : a `FormatField`, then 8 bits of N, 16 for a dense format
    """
    cases = {_key(shape): number for number, shape in enumerate(shapes(config))}
    return select(m, key, cases, len(cases) - 1, "shape")


def log_span(m: Module, config: AcceleratorConfig, key: Value, tile_rows: Value) -> Signal:
    """Return log2 of the groups of a full record, combinational; `key` as in `format_shape`."""
    cases = {
        rows.value << KEY_BITS | _key(each): each.layout(rows.rows).span(each.kept).bit_length() - 1
        for each in shapes(config)
        for rows in TileRows
    }
    return select(m, Cat(key, tile_rows), cases, LARGEST_RECORD.bit_length() - 1, "log_span")


def of_shapes(
    m: Module, config: AcceleratorConfig, shape: Value, what: Callable[[Shape], int], name: str
) -> Signal:
    """Return a property of the shape, combinational."""
    cases = {number: what(each) for number, each in enumerate(shapes(config))}
    return select(m, shape, cases, max(cases.values()), name)


SECTION_BEAT = data.StructLayout({"data": BEAT_BITS, "bytes": range(BEAT_BYTES + 1)})
"""A beat of one section. Only the last of a section may have fewer than 16 bytes that count."""

SECTIONS = ("scales", "patterns", "codes")
"""Sections of a record in the order in which they come."""

RECORD = data.StructLayout(
    {name: data.StructLayout({"end": 9, "last_bytes": range(BEAT_BYTES + 1)}) for name in SECTIONS}
)
"""Of each section the beats of the record up to its end, and the bytes of its last beat."""


def record_number(shape: Value, tile_rows: Value, groups: Value) -> Value:
    """Return the place of a record of 1 to 8 groups in `record_table`."""
    return Cat((groups - 1)[:3], tile_rows, shape)


def record_table(config: AcceleratorConfig) -> list[dict[str, dict[str, int]]]:
    """Return the rows of a ROM of `RECORD`."""
    table = []
    for shape in shapes(config):
        for tile_rows in TileRows:
            layout = shape.layout(tile_rows.rows)
            for groups in range(1, LARGEST_RECORD + 1):
                sizes = dataclasses.astuple(layout.section(groups, shape.kept))
                ends = accumulate(-(-size // BEAT_BYTES) for size in sizes)
                table.append(
                    {
                        name: {"end": end, "last_bytes": (size - 1) % BEAT_BYTES + 1}
                        for name, end, size in zip(SECTIONS, ends, sizes, strict=True)
                    }
                )
    return table
