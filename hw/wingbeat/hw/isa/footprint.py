"""What an instruction touches, for any value of its registers.

The verifier asks it whether every access stays inside its region, the compiler which instructions
must not overtake each other, the machines for bounds. Registers are given as intervals; a running
machine gives points.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import GROUP, KEY_CACHE, VALUE_CACHE, WeightFormat
from wingbeat.hw.isa.instructions import (
    Combine,
    Destination,
    Element,
    Instruction,
    Load,
    LoadKind,
    Multiply,
    Reduce,
    Scalar,
    Store,
    StoreKind,
    System,
    Vector,
)
from wingbeat.hw.isa.layouts import layout_of
from wingbeat.hw.isa.operands import (
    BEAT_BYTES,
    GRANULE,
    Address,
    Count,
    OperandView,
    SmallCount,
    TileRows,
    VectorView,
)
from wingbeat.hw.stream import TileLayout

WORDS_PER_BEAT = BEAT_BYTES // 4


@dataclass(frozen=True)
class Interval:
    """Integers from `low` to `high`, both inclusive."""

    low: int
    high: int

    def __add__(self, constant: int) -> Interval:
        return Interval(self.low + constant, self.high + constant)

    @classmethod
    def point(cls, value: int) -> Interval:
        """Return the interval of one value."""
        return cls(value, value)


class Space(enum.Enum):
    """A memory and its unit of address."""

    MEMORY = "words"
    VECTOR = "vector words"
    OPERAND = "groups"


@dataclass(frozen=True)
class Access:
    """A range of addresses that an instruction may read or write.

    Attributes
    ----------
    space : memory accessed
    start, stop : first unit, and the one behind the last; memory in 4-byte words
    write : whether it is written
    what : operand's name, for messages
    striped : whether every port is accessed at these addresses, or port 0 alone
    """

    space: Space
    start: int
    stop: int
    write: bool
    what: str
    striped: bool = False

    def conflicts(self, other: Access) -> bool:
        """Whether their order matters."""
        return (
            self.space is other.space
            and (self.write or other.write)
            and self.start < other.stop
            and other.start < self.stop
        )


Registers = Sequence[Interval]


def value(operand: Address | Count | SmallCount, registers: Registers) -> Interval:
    """Return what an affine operand may be."""
    return registers[operand.register] + operand.immediate


def accesses(
    instruction: Instruction, registers: Registers, config: AcceleratorConfig
) -> Iterator[Access]:
    """Yield every range that an instruction may touch.

    Nothing is yielded for an operand of no elements.
    """
    if isinstance(instruction, Load):
        yield from _load(instruction, registers, config)
    elif isinstance(instruction, Store):
        yield from _store(instruction, registers, config)
    elif isinstance(instruction, Multiply):
        yield from _multiply(instruction, registers, config)
    elif isinstance(instruction, Vector):
        yield from _vector(instruction, registers)
    elif isinstance(instruction, System) and instruction.operation is Scalar.PEEK:
        yield from _view(
            instruction.vector, registers, 1, 1, instruction.length + 1, False, "vector"
        )


def _view(
    view: VectorView,
    registers: Registers,
    outer: int,
    inner: int,
    elements: int,
    write: bool,
    what: str,
) -> Iterator[Access]:
    """Words of the vector memory; `elements` is what one row takes from its first word."""
    if outer <= 0 or inner <= 0 or elements <= 0:
        return
    base = registers[view.register] + view.base
    reach = (outer - 1) * view.outer + (inner - 1) * view.inner
    last = (base.high + reach) * GRANULE + (1 if view.scalar else elements)
    yield Access(Space.VECTOR, base.low * GRANULE, last, write, what)


def _groups(
    view: OperandView | VectorView,
    registers: Registers,
    outer: int,
    inner: int,
    groups: int,
    write: bool,
    what: str,
) -> Iterator[Access]:
    if outer <= 0 or inner <= 0 or groups <= 0:
        return
    base = registers[view.register] + view.base
    reach = (outer - 1) * view.outer + (inner - 1) * view.inner
    yield Access(Space.OPERAND, base.low, base.high + reach + groups, write, what)


def _beats(
    address: Interval, beats: int, write: bool, what: str, striped: bool = False
) -> Iterator[Access]:
    if beats > 0:
        yield Access(
            Space.MEMORY,
            address.low * WORDS_PER_BEAT,
            (address.high + beats) * WORDS_PER_BEAT,
            write,
            what,
            striped,
        )


def _words(address: Interval, words: int, write: bool, what: str) -> Iterator[Access]:
    if words > 0:
        yield Access(Space.MEMORY, address.low, address.high + words, write, what)


def _ceil(value: int, unit: int) -> int:
    return -(-value // unit)


def _layout(weights: WeightFormat, rows: TileRows, config: AcceleratorConfig) -> TileLayout:
    return TileLayout(weights, rows.rows, config.lanes, config.ports)


def _load(load: Load, registers: Registers, config: AcceleratorConfig) -> Iterator[Access]:
    rows = value(load.rows, registers).high
    length = value(load.length, registers).high
    address = value(load.address, registers)
    if load.kind is LoadKind.GATHER:
        layout = layout_of(load.format, load.tile_rows, config.lanes, config.ports)
        beats = layout.tiles(load.last + 1) * layout.tile_beats(_ceil(length, GROUP))
        yield from _beats(address, beats, False, "matrix", striped=True)
        yield from _words(value(load.list, registers), rows, False, "list")
    else:
        size = _ceil(length * (2 if load.element is Element.F16 else 4), BEAT_BYTES)
        if rows > 0 and size:
            yield from _beats(address, (rows - 1) * load.stride + size, False, "address")
    yield from _view(load.destination, registers, rows, 1, length, True, "destination")


def _store(store: Store, registers: Registers, config: AcceleratorConfig) -> Iterator[Access]:
    rows = value(store.rows, registers).high
    length = value(store.length, registers).high
    address = value(store.address, registers)
    words = value(store.list, registers)
    if store.kind is StoreKind.VECTOR:
        if rows > 0 and length > 0:
            beats = (rows - 1) * store.stride + _ceil(length, WORDS_PER_BEAT)
            yield from _beats(address, beats, True, "address")
        yield from _view(store.vector, registers, rows, 1, length, False, "vector")
    elif store.kind in (StoreKind.KEYS, StoreKind.VALUES):
        if rows <= 0 or length <= 0:
            return
        groups = _ceil(length, GROUP)
        positions = registers[store.position].high + rows
        if store.kind is StoreKind.KEYS:
            layout = _layout(KEY_CACHE, store.tile_rows, config)
            beats = layout.tiles(positions) * layout.tile_beats(groups)
        else:
            layout = _layout(VALUE_CACHE, store.tile_rows, config)
            last = layout.tile_beats(_ceil(positions, GROUP))
            beats = (layout.tiles(length) - 1) * store.stride + last
            yield from _beats(words, _ceil(positions * 2, BEAT_BYTES), True, "list")
        yield from _beats(address, beats, True, "address", striped=True)
        yield from _groups(store.operand, registers, rows, 1, groups, False, "operand")
    elif store.kind is StoreKind.PUBLISH:
        yield from _words(words, 2, True, "list")
    else:
        yield from _words(words, 1, True, "list")


def _multiply(
    multiply: Multiply, registers: Registers, config: AcceleratorConfig
) -> Iterator[Access]:
    tiles = value(multiply.tiles, registers).high
    groups = value(multiply.groups, registers).high
    outer = value(multiply.outer, registers).high
    layout = layout_of(multiply.format, multiply.tile_rows, config.lanes, config.ports)
    if tiles > 0 and groups > 0:
        # the header of a sparse tile chooses N: the tile is as long as the stride says
        sparse = layout.format.sparse
        last = multiply.stride if sparse else layout.tile_beats(groups)
        beats = (tiles - 1) * multiply.stride + last
        yield from _beats(value(multiply.address, registers), beats, False, "address", striped=True)
    yield from _groups(multiply.operand, registers, outer, multiply.inner, groups, False, "operand")
    rows = tiles * layout.tile_height
    yield from _view(
        multiply.destination, registers, outer, multiply.inner, rows, True, "destination"
    )


def _vector(vector: Vector, registers: Registers) -> Iterator[Access]:
    outer = value(vector.outer, registers).high
    inner = vector.inner
    length = value(vector.length, registers).high + (outer - 1 if vector.step else 0)
    for name, view, read in (
        ("a", vector.a, True),
        ("b", vector.b, vector.first is not Combine.PASS),
        ("c", vector.c, vector.second is not Combine.PASS),
    ):
        if read:
            yield from _view(view, registers, outer, inner, length, False, name)
    target = vector.destination
    if vector.target is Destination.OPERAND:
        size = vector.group.elements
        groups = _ceil(length, size) * (size // GROUP)
        yield from _groups(target, registers, outer, inner, groups, True, "destination")
    elif vector.reduce is Reduce.NONE:
        yield from _view(target, registers, outer, inner, length, True, "destination")
    elif vector.reduce is Reduce.ARGMAX or target.scalar:
        size = 2 if vector.reduce is Reduce.ARGMAX else 1
        reach = (outer - 1) * target.outer + (inner - 1) * target.inner
        if outer > 0 and inner > 0:
            base = registers[target.register] + target.base
            last = (base.high + reach) * GRANULE + size
            yield Access(Space.VECTOR, base.low * GRANULE, last, True, "destination")
    else:
        yield from _view(target, registers, outer, 1, inner, True, "destination")
