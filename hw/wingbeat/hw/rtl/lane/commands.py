"""What a lane is told: layouts of its control ports."""

from __future__ import annotations

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from wingbeat.hw import enum
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import GROUP
from wingbeat.hw.isa.operands import FormatField, TileRows
from wingbeat.hw.rtl.lane.sections import LARGEST_RECORD, shapes
from wingbeat.hw.stream import TILE_ROWS

STRANDS = (1, 2, 4, 8)


class Mode(enum.Enum, shape=1):
    """What shares a DSP slice."""

    MM = 0
    """Two vectors, multiplied by the weight of one row."""
    MV = 1
    """The two rows of a pair, multiplied by the activation of one vector."""


TILE = data.StructLayout(
    {
        "format": FormatField.layout(),
        "tile_rows": TileRows,
        "groups": unsigned(24),
        "beats": unsigned(24),
        "twins": unsigned(1),
    }
)
"""A tile that is on its way to the lane.

format, tile_rows : as in the instruction
groups : groups of 32 columns, at least 1
beats : beats that will arrive at this lane for this tile. Those behind the tile's end, as the
    header of a sparse tile tells it, are thrown away; too few of them are a fault.
twins : one vector, and enough strands to take two row pairs a step where N is at most 4
"""

STEP = data.StructLayout({"mode": Mode, "half": unsigned(1), "row": unsigned(1)})
"""One step of the chains.

mode : see `Mode`
half : columns 16 to 31 of the group instead of 0 to 15; 0 if the unit is `whole`
row : MM: row of the pair
"""

OPERANDS = data.ArrayLayout(data.ArrayLayout(signed(8), GROUP), 2)
"""Codes of one group of a column's two vectors."""

SCALARS = data.ArrayLayout(data.StructLayout({"scale": unsigned(32), "sum": signed(16)}), 2)
"""FP32 scale and sum of codes of one group of a column's two vectors."""

QUAD = data.ArrayLayout(unsigned(32), 4)
"""FP32 results of four consecutive rows and one vector."""


def tile_info(config: AcceleratorConfig) -> data.StructLayout:
    """Return the layout of a tile as the units behind the splitter know it.

    kind : number of the shape, see `sections.shapes`
    tile_rows : rows of the tile
    groups : groups of 32 columns
    log_span : log2 of the groups of a full record
    twins : two row pairs are taken in a step
    """
    return data.StructLayout(
        {
            "kind": range(len(shapes(config))),
            "tile_rows": TileRows,
            "groups": unsigned(24),
            "log_span": range(LARGEST_RECORD.bit_length()),
            "twins": unsigned(1),
        }
    )


def accumulator_depth(config: AcceleratorConfig) -> int:
    """Return the accumulators of one field of one column: what the largest legal program needs.

    A program is legal if rows x vectors x strands is at most `config.accumulators`. A column takes
    the vectors two by two, one in each field.
    """
    return max(
        rows * strands * -(-vectors // (2 * config.columns))
        for rows in TILE_ROWS
        for strands in STRANDS
        for vectors in range(1, config.tokens + 1)
        if rows * strands * vectors <= config.accumulators
    )


def result_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Return the layout of what accompanies a result pair.

    valid : a pair of results is complete
    joined : it is the sum of this step and the one before, the two halves of a group
    twins : a second pair is complete in column 1
    mode : as in the step
    first : first addition to these accumulators in this tile
    bank : bank of accumulators
    address : accumulator within both fields; see `Lane`
    """
    return data.StructLayout(
        {
            "valid": unsigned(1),
            "joined": unsigned(1),
            "twins": unsigned(1),
            "mode": Mode,
            "first": unsigned(1),
            "bank": unsigned(1),
            "address": range(accumulator_depth(config)),
        }
    )


def drain_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Return the layout of a drain command.

    bank, mode, tile_rows : of the tile that is finished
    strands : log2 of the strands
    filled : strands that got a group: the lesser of groups and strands
    vectors : vectors of the instruction (MV: 1)
    pairs : MM: steps over which a column takes its vectors, ceil(vectors / (2 * columns))
    twins : MV: of every two row pairs, the second is in column 1
    """
    return data.StructLayout(
        {
            "bank": unsigned(1),
            "mode": Mode,
            "tile_rows": TileRows,
            "strands": unsigned(2),
            "filled": range(STRANDS[-1] + 1),
            "vectors": range(config.tokens + 1),
            "pairs": range(-(-config.tokens // (2 * config.columns)) + 1),
            "twins": unsigned(1),
        }
    )
