"""Legality of each instruction by itself: what its unit can do, for all register values.

A rule that holds for a class is a sentence in its generator; the first one broken is the error.
"""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import GROUP, VALUE_CACHE
from wingbeat.hw.isa.footprint import Registers, value
from wingbeat.hw.isa.instructions import (
    Destination,
    Instruction,
    Load,
    LoadKind,
    Multiply,
    Reduce,
    Scalar,
    Store,
    StoreKind,
    System,
    Unit,
    Vector,
)
from wingbeat.hw.isa.operands import Address, Count, SmallCount, VectorView
from wingbeat.hw.isa.packed import Slot
from wingbeat.hw.isa.program import WORD
from wingbeat.hw.stream import TileLayout
from wingbeat.hw.verify import matrix
from wingbeat.hw.verify.complaint import text


def complaints(
    instruction: Instruction, registers: Registers, config: AcceleratorConfig
) -> Iterator[str]:
    """Yield every rule that an instruction breaks, as a sentence without a subject."""
    yield from _operands(instruction, registers)
    if isinstance(instruction, Load):
        yield from _load(instruction, registers, config)
    elif isinstance(instruction, Store):
        yield from _store(instruction, registers, config)
    elif isinstance(instruction, Multiply):
        yield from matrix.complaints(instruction, registers, config)
    elif isinstance(instruction, Vector):
        yield from _vector(instruction)
    elif isinstance(instruction, System):
        yield from _system(instruction)


def _operands(instruction: Instruction, registers: Registers) -> Iterator[str]:
    """Addresses and counts; that they do not wrap is what makes `footprint` exact."""
    for slot in instruction.slots():
        operand = getattr(instruction, slot.name)
        if isinstance(operand, Address):
            reached = value(operand, registers)
            if reached.high > WORD:
                yield f"`{slot.name}` must not wrap past 2**32, not reach {reached.high:#x}"
        elif isinstance(operand, Count | SmallCount):
            count, limit = value(operand, registers), _largest(operand)
            if count.high > limit:
                yield (
                    f"`{slot.name}` must be at most {limit}, what the unit can count, "
                    f"not {text(count)}"
                )
        elif isinstance(operand, VectorView) and operand.scalar:
            yield from _scalar(instruction, slot)


def _largest(count: Count | SmallCount) -> int:
    """A unit counts with as many bits as the immediate has."""
    return next((1 << s.width) - 1 for s in count.slots() if s.name == "immediate")


def _scalar(instruction: Instruction, slot: Slot) -> Iterator[str]:
    """One word stands for a row only where a row is read, or where a row becomes one result."""
    if isinstance(instruction, Vector) and (
        slot.name != "destination"
        or (instruction.reduce is not Reduce.NONE and instruction.target is Destination.VECTOR)
    ):
        return
    if isinstance(instruction, Store) and slot.name == "vector":
        return
    yield f"`{slot.name}` must not be a scalar: it is more than one word of each row"


def _load(load: Load, registers: Registers, config: AcceleratorConfig) -> Iterator[str]:
    if load.kind is not LoadKind.GATHER:
        return
    weights = load.format.weight_format()
    if weights not in config.weight_formats:
        yield (
            f"`format` of a gather must be one of the accelerator's `formats` "
            f"({', '.join(config.formats)}), not {weights.name}"
        )
    if weights.sparse:
        yield (
            f"`format` of a gather must be dense, not {weights.name}: "
            "where a sparse row lies depends on the tiles before it"
        )
    length = value(load.length, registers)
    if length.low != length.high or length.low % weights.group:
        yield (
            f"`length` of a gather must be one multiple of {weights.group}, the format's group, "
            f"for all register values, not {text(length)}"
        )


def _store(store: Store, registers: Registers, config: AcceleratorConfig) -> Iterator[str]:
    length = value(store.length, registers)
    if store.kind is StoreKind.PUBLISH and (
        length.low != length.high or length.low < 1 or length.low & (length.low - 1)
    ):
        yield (
            "`length`, the entries of the ring, must be one power of two for all register values, "
            f"not {text(length)}: positions in the ring are taken modulo it"
        )
    if store.kind in (StoreKind.KEYS, StoreKind.VALUES) and (
        length.low != length.high or length.low % GROUP
    ):
        yield (
            f"`length`, the head dimension, must be one multiple of {GROUP} for all register "
            f"values, not {text(length)}: the operand memory holds groups of {GROUP}"
        )
    if store.kind is StoreKind.VALUES:
        layout = TileLayout(VALUE_CACHE, store.tile_rows.rows, config.lanes, config.ports)
        positions = registers[store.position].high + value(store.rows, registers).high
        least = layout.tile_beats(-(-positions // GROUP))
        if layout.tiles(length.high) > 1 and store.stride < least:
            yield (
                f"`stride` must be at least {least} beats, a tile of {positions} positions, "
                f"not {store.stride}"
            )


def _vector(vector: Vector) -> Iterator[str]:
    if vector.inner == 0:
        yield "`inner` must be at least 1, not 0: there would be no row to work on"
    reduces = vector.reduce is not Reduce.NONE
    quantises = vector.target is Destination.OPERAND
    if reduces and quantises:
        yield (
            f"`reduce` must be NONE where the target is OPERAND, not {vector.reduce.name}: "
            "the operand memory holds rows, not single results"
        )
    if vector.step and not reduces and not quantises:
        yield (
            "`step` must be 0 where `reduce` is NONE and the target VECTOR, not 1: "
            "elements behind a row's own end have nowhere to go"
        )


def _system(system: System) -> Iterator[str]:
    if system.operation is Scalar.FENCE and system.target is Unit.SYS:
        yield "`target` of a fence must be LD, ST, MPE or MISC, not SYS: SYS waits by itself"
