"""Random multiplications."""

from __future__ import annotations

from tests.sim.rtl.random_programs.builder import Builder
from tests.sim.rtl.random_programs.machines import DENSE_BEATS, MEMORY, NUMBERS

from wingbeat.hw.cost import ADDER_LATENCY
from wingbeat.hw.formats import KEY_CACHE, SPARSE_COUNTS, VALUE_CACHE, WINDOW, WeightFormat
from wingbeat.hw.isa.instructions import Multiply, Opcode
from wingbeat.hw.isa.operands import (
    GRANULE,
    Address,
    Count,
    FormatField,
    OperandView,
    SmallCount,
    TileRows,
)
from wingbeat.hw.stream import TILE_ROWS, TileLayout
from wingbeat.hw.verify.matrix import revisit_cycles

HEIGHTS = {f"{rows} rows a lane": rows for rows in TILE_ROWS}
STRANDS = {f"strands {1 << log}": log for log in range(4)}

_FEW = 16
"""Vectors that are used where an edge asks for no special number."""


def multiply(
    b: Builder,
    opcode: str | None = None,
    format: str | None = None,
    edge: str = "",
    kept: str | None = None,
) -> None:
    """A product of a matrix of random bits with what is in the operand memory."""
    rng, config = b.rng, b.config
    code = Opcode[b.some(("MV", "MM"), opcode)]
    weights = WeightFormat.parse(b.some([f.name for f in config.decoded_formats], format))
    outer, inner = _vectors(b, edge) if code is Opcode.MM else (1, 1)
    rows, strands = _height(b, weights, code, outer * inner, edge)
    layout = TileLayout(weights, rows, config.lanes, config.ports)
    counts = [int(b.some([str(n) for n in SPARSE_COUNTS], kept)) for _ in range(3)]
    span = layout.span(counts[0] if weights.sparse else WINDOW)
    groups = {
        "no group": 0,
        "one group": 1,
        "one record": span,
        "one record and a group": span + 1,
    }.get(edge, rng.randint(1, 5))
    tiles = {"no tile": 0, "one tile": 1, "several tiles": rng.randint(2, 3)}.get(
        edge, rng.randint(1, 2)
    )
    while outer * inner * -(-tiles * layout.tile_height // GRANULE) > NUMBERS:
        tiles -= 1
    destination, _ = b.vector(outer, inner, tiles * layout.tile_height, apart=True)
    address, stride = _stream(b, layout, groups, counts[: max(tiles, 1)])
    b.emit(
        Multiply(
            code,
            address=Address(*b.affine(address)),
            stride=stride,
            tiles=Count(*b.affine(tiles)),
            groups=Count(*b.affine(groups)),
            format=FormatField.of(weights),
            tile_rows=TileRows.of(rows),
            strands=strands,
            outer=SmallCount(*b.affine(outer)),
            inner=inner,
            operand=OperandView(*b.entries(outer, inner, groups)),
            destination=destination,
        )
    )


def _vectors(b: Builder, edge: str) -> tuple[int, int]:
    """Vectors, outer and inner."""
    rng, most = b.rng, b.config.tokens
    if edge == "no vector":
        return 0, rng.randint(1, 3)
    few = 2 if "strands" in edge or "tiles" in edge else min(most, _FEW)
    number = {
        "one vector": 1,
        "two vectors": 2,
        "an odd number of vectors": rng.choice((3, 5, 7)),
        "all vectors": most,
    }.get(edge, rng.randint(1, few))
    inner = rng.choice([n for n in range(1, number + 1) if number % n == 0])
    return number // inner, inner


def _height(
    b: Builder, weights: WeightFormat, opcode: Opcode, vectors: int, edge: str
) -> tuple[int, int]:
    """Rows of a tile in a lane, and log2 of strands: what adders and accumulators allow."""
    fit = [
        (rows, strands)
        for rows in TILE_ROWS
        for strands in range(4)
        if revisit_cycles(weights, opcode, rows, 1 << strands) >= ADDER_LATENCY
        and rows * vectors << strands <= b.config.accumulators
        and vectors * -(-rows * b.config.lanes // GRANULE) <= NUMBERS
    ]
    for names, part in ((HEIGHTS, 0), (STRANDS, 1)):
        if edge in names:
            fit = [pair for pair in fit if names[edge] == pair[part]]
    return b.rng.choice(fit)


def _stream(b: Builder, layout: TileLayout, groups: int, counts: list[int]) -> tuple[int, int]:
    """Where the tiles lie: any bits are a dense matrix, a sparse one needs its headers."""
    rng = b.rng
    # a tile begins with a word of the port
    unit = b.config.word_beats
    if layout.format.sparse:
        stride = max(layout.tile_beats(max(groups, 1), n) for n in counts) + unit * rng.choice(
            (0, 1, 2)
        )
        start = b.sparse_place(len(counts) * stride, unit)
        for tile, count in enumerate(counts):
            for lane in range(layout.lanes_per_port):
                b.headers[start + tile * stride + lane] = count
        return start, stride
    tile = layout.tile_beats(max(groups, 1))
    stride = tile + unit * rng.choice((0, 0, 1, 3))
    region, size = MEMORY["weights"], DENSE_BEATS
    if layout.format in (KEY_CACHE, VALUE_CACHE) and rng.random() < 0.5:
        region, size = MEMORY["cache"], MEMORY["cache"].beats
    room = size - (len(counts) - 1) * stride - tile
    # the bits within a word do not count
    return region.start + rng.randint(0, room), stride
