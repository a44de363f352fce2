"""Random loads and stores."""

from __future__ import annotations

from tests.sim.rtl.random_programs.builder import SEQUENCE, Builder
from tests.sim.rtl.random_programs.machines import DENSE_BEATS, MEMORY

from wingbeat.hw.control import RING_ENTRIES, RING_WORD, ControlBlock
from wingbeat.hw.formats import GROUP, KEY_CACHE, VALUE_CACHE, WeightFormat
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Element, Load, LoadKind, Opcode, Scalar, Store, StoreKind
from wingbeat.hw.isa.operands import (
    BEAT_BYTES,
    Address,
    Count,
    FormatField,
    OperandView,
    SmallCount,
    TileRows,
)
from wingbeat.hw.isa.program import WORD
from wingbeat.hw.memory_map import Region
from wingbeat.hw.stream import TileLayout

# fmt: off
SPECIAL = {
    "F32": {
        "NaN": 0xFF800001, "infinity": 0x7F800000,
        "negative zero": 0x80000000, "subnormal": 0x007FFFFF,
    },
    "F16": {
        "NaN": 0x7C017E00, "infinity": 0xFC007C00,
        "negative zero": 0x80003C00, "subnormal": 0x03FF0001,
    },
}
# fmt: on
"""Words that hold one of these numbers, by the kind of element."""

_PAGE = 4096 // BEAT_BYTES

_CONTROL = MEMORY["control"].start * WORDS_PER_BEAT


def _rows(b: Builder, edge: str) -> tuple[int, int]:
    """Rows and numbers of a row."""
    lanes = b.config.vector_lanes
    rows = {"no row": 0, "one row": 1, "several rows": b.rng.randint(2, 3)}
    lengths = {
        "no number": 0,
        "one number": 1,
        "a step": lanes,
        "a step and one": lanes + 1,
        "a part of a beat": 4 * b.rng.randint(1, 9) + b.rng.randint(1, 3),
        "whole beats": 8 * b.rng.randint(1, 9),
    }
    return (
        rows.get(edge, b.rng.randint(1, 3)),
        lengths.get(edge, b.rng.choice((1, 15, 16, 17, b.rng.randint(1, 100)))),
    )


def load(b: Builder, element: str | None = None, edge: str = "", number: str | None = None) -> None:
    """Rows of numbers from anywhere in memory; `number`: one of them is special."""
    rng = b.rng
    kind = Element[b.some(("F32", "F16"), element)]
    rows, length = _rows(b, edge)
    beats = -(-length * (2 if kind is Element.F16 else 4) // 16)
    stride = beats + rng.randrange(3)
    names = ("constants", "constants", "data", "cache", "weights", "lists")
    region = MEMORY["constants" if edge or number else rng.choice(names)]
    start, spare = b.place(region.start, region.beats, max(rows, 1) * stride + 1)
    if edge == "across 4 KiB":
        rows, stride, spare = 2, max(stride, 1), 0
        start = _PAGE * (region.start // _PAGE + rng.randint(1, 3)) - 1
    if number:
        spare = 0
        b.words[start * WORDS_PER_BEAT] = SPECIAL[kind.name][number]
    destination, _ = b.vector(rows, 1, length, apart=True)
    b.emit(
        Load(
            Opcode.LD,
            element=kind,
            address=Address(*b.affine(start, spare)),
            stride=stride,
            rows=SmallCount(*b.affine(rows)),
            length=Count(*b.affine(length)),
            destination=destination,
        )
    )


def gather(b: Builder, format: str | None = None, edge: str = "") -> None:
    """Rows of a dense matrix of random bits, by a list of random indices."""
    rng, config = b.rng, b.config
    dense = [f.name for f in config.weight_formats if not f.sparse]
    weights = WeightFormat.parse(b.some(dense, format))
    height = int(edge.split()[0]) if edge.endswith("rows a lane") else rng.choice((4, 8, 12, 16))
    layout = TileLayout(weights, height, config.lanes, config.ports)
    unit = weights.group // GROUP
    groups = unit if edge == "one scale" else unit * rng.randint(1, 8 // unit)
    last = rng.randint(1, 2 * layout.tile_height)
    rows = rng.randint(1, 3)
    wanted = {
        "first row": 0,
        "last row": last,
        "behind the last row": last + rng.randint(1, 1 << 30),
        "a negative row": (-rng.randint(1, 5)) & WORD,
    }
    indices = [rng.randint(0, last) for _ in range(rows)]
    indices[rng.randrange(rows)] = wanted.get(edge, 0)
    place = MEMORY["constants"].start * WORDS_PER_BEAT + rng.randrange(1024)
    b.words.update({place + i: index for i, index in enumerate(indices)})
    room = DENSE_BEATS - layout.tiles(last + 1) * layout.tile_beats(groups)
    per_port = rng.choice((1, layout.lanes_per_port))
    start = per_port * rng.randint(0, room // per_port)
    destination, _ = b.vector(rows, 1, groups * GROUP, apart=True)
    b.emit(
        Load(
            Opcode.LD,
            kind=LoadKind.GATHER,
            address=Address(*b.affine(start)),
            rows=SmallCount(*b.affine(rows)),
            length=Count(*b.affine(groups * GROUP)),
            destination=destination,
            list=Address(*b.affine(place)),
            format=FormatField.of(weights),
            tile_rows=TileRows.of(height),
            last=last,
        )
    )


def store(b: Builder, edge: str = "") -> None:
    """Rows of the vector memory to memory, from where they may be loaded again."""
    rng, region = b.rng, MEMORY["data"]
    rows, length = _rows(b, edge)
    stride = -(-length // WORDS_PER_BEAT) + rng.randrange(3)
    start, spare = b.place(region.start, region.beats, max(rows, 1) * stride + 1)
    if edge == "across 4 KiB":
        rows, stride, spare = 2, max(stride, 1), 0
        start = _PAGE * (region.start // _PAGE + rng.randint(1, 3)) - 1
    source, _ = b.vector(rows, 1, length)
    b.emit(
        Store(
            Opcode.ST,
            address=Address(*b.affine(start, spare)),
            stride=stride,
            rows=SmallCount(*b.affine(rows)),
            length=Count(*b.affine(length)),
            vector=source,
        )
    )


def append(b: Builder, kind: str | None = None, place: str | None = None, edge: str = "") -> None:
    """Positions of a head to a key or value cache; `place` is the first one's in its block."""
    rng, config, region = b.rng, b.config, MEMORY["cache"]
    what = StoreKind[b.some(("KEYS", "VALUES"), kind)]
    heights = [4, 8, 12, 16]
    height = int(edge.split()[0]) if edge.endswith("rows a lane") else rng.choice(heights)
    length = {"one group": 32, "several groups": 32 * rng.randint(2, 4)}.get(edge)
    length = length or 32 * rng.randint(1, 2)
    rows = {"one position": 1, "several positions": rng.randint(2, 4), "no position": 0}.get(edge)
    rows = rng.randint(1, 4) if rows is None else rows
    position = rng.randrange(GROUP) if place is None else int(place)
    position += GROUP * rng.randrange(2)
    if edge == "into the next block":
        position, rows = position - position % GROUP + GROUP - 1, max(rows, 2)
    exact = place is not None or edge == "into the next block" or rng.random() < 0.7
    register = b.holding(position) if exact else b.below(position + 1)
    layout = TileLayout(
        KEY_CACHE if what is StoreKind.KEYS else VALUE_CACHE, height, config.lanes, config.ports
    )
    stride = 0
    if what is StoreKind.KEYS:
        beats = layout.tiles(position + rows) * layout.tile_beats(length // GROUP)
    else:
        stride = layout.tile_beats(-(-(position + rows) // GROUP))
        stride += layout.lanes_per_port * rng.randrange(2)
        beats = layout.tiles(length) * stride
    unit = rng.choice((1, layout.lanes_per_port))
    start = region.start + unit * rng.randint(0, (region.beats - beats) // unit)
    lists: Region = MEMORY["lists"]
    scales = lists.start + rng.randint(0, lists.beats - 12)
    b.emit(
        Store(
            Opcode.ST,
            kind=what,
            address=Address(*b.affine(start)),
            stride=stride,
            rows=SmallCount(*b.affine(rows)),
            length=Count(*b.affine(length)),
            operand=OperandView(*b.entries(rows, 1, length // GROUP)),
            tile_rows=TileRows.of(height),
            list=Address(*b.affine(scales)),
            position=register,
        )
    )


def word(b: Builder, kind: str | None = None) -> None:
    """A register to memory, or a token to the host."""
    rng, lists = b.rng, MEMORY["lists"]
    if b.some(("WORD", "PUBLISH"), kind) == "WORD":
        place = lists.start * WORDS_PER_BEAT + rng.randrange(lists.beats * WORDS_PER_BEAT)
        b.emit(
            Store(
                Opcode.ST,
                kind=StoreKind.WORD,
                list=Address(*b.affine(place)),
                position=rng.randrange(32),
            )
        )
        return
    entry = b.holding(0)
    b.scalar(Scalar.AND, entry, SEQUENCE, RING_ENTRIES - 1)
    b.emit(
        Store(
            Opcode.ST,
            kind=StoreKind.WORD,
            list=Address(_CONTROL + RING_WORD, entry),
            position=rng.randrange(32),
        )
    )
    b.scalar(Scalar.ADD, SEQUENCE, SEQUENCE, 1)
    b.emit(
        Store(
            Opcode.ST,
            kind=StoreKind.PUBLISH,
            list=Address(_CONTROL + ControlBlock.word("head")),
            length=Count(*b.affine(rng.choice((1, 2, RING_ENTRIES)))),
            position=SEQUENCE,
        )
    )
