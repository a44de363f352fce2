"""What is special about an instruction that is executed, in the words of the coverage table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import GROUP, WINDOW
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import (
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
    Unit,
    Vector,
)
from wingbeat.hw.isa.layouts import layout_of
from wingbeat.hw.isa.operands import Address, Count, SmallCount
from wingbeat.hw.sequencer import Registers
from wingbeat.sim.memory import DeviceMemory

Feature = tuple[str, Mapping[str, set[str]]]
"""A cross of the table, and the values on each of its axes."""

_PAGE_BEATS = 256


def edges(**holds: bool) -> set[str]:
    """Names of what holds."""
    return {name.replace("_", " ") for name, true in holds.items() if true}


@dataclass(frozen=True)
class Executed:
    """An instruction, with the registers and the memory that it meets."""

    instruction: Instruction
    registers: Registers
    memory: DeviceMemory
    config: AcceleratorConfig

    def __getitem__(self, name: str) -> int:
        operand = getattr(self.instruction, name)
        assert isinstance(operand, Address | Count | SmallCount)
        return self.registers.resolve(operand)


def features(e: Executed) -> Iterator[Feature]:
    """Everything that the table may want to know."""
    match e.instruction:
        case Multiply():
            yield from _multiply(e, e.instruction)
        case Load():
            yield from _load(e, e.instruction)
        case Store():
            yield from _store(e, e.instruction)
        case Vector():
            yield from _vector(e, e.instruction)
        case System():
            yield from _system(e, e.instruction)
    opcode = {e.instruction.opcode.name}
    numbers = [getattr(e.instruction, slot.name) for slot in e.instruction.slots()]
    kinds = {"register" if n.register else "constant" for n in numbers if hasattr(n, "register")}
    yield "operand", {"opcode": opcode, "source": kinds}


def _multiply(e: Executed, i: Multiply) -> Iterator[Feature]:
    layout = layout_of(i.format, i.tile_rows, e.config.lanes, e.config.ports)
    tiles, groups, vectors = e["tiles"], e["groups"], e["outer"] * i.inner
    of = {"opcode": {i.opcode.name}, "format": {layout.format.name}}
    if not tiles * groups * vectors:
        nothing = edges(no_tile=not tiles, no_group=not groups, no_vector=not vectors)
        yield "multiply", of | {"edge": nothing}
        return
    kept = WINDOW
    if layout.format.sparse:
        kept = int(e.memory.stream(e["address"], 1)[0, 0])
        yield "pattern", of | {"kept": {str(kept)}}
    span = layout.span(kept)
    found = edges(
        one_tile=tiles == 1,
        several_tiles=tiles > 1,
        one_group=groups == 1,
        one_record=groups == span,
        one_record_and_a_group=groups == span + 1,
        one_vector=vectors == 1,
        two_vectors=vectors == 2,
        an_odd_number_of_vectors=vectors > 1 and vectors % 2 == 1,
        all_vectors=vectors == e.config.tokens,
    )
    found |= {f"{layout.rows} rows a lane", f"strands {1 << i.strands}"}
    yield "multiply", of | {"edge": found}


def _rows(e: Executed, stride: int) -> set[str]:
    rows, length, lanes = e["rows"], e["length"], e.config.vector_lanes
    first = e["address"] % _PAGE_BEATS
    some = bool(rows and length)
    return edges(
        no_row=not rows,
        one_row=some and rows == 1,
        several_rows=some and rows > 1,
        no_number=not length,
        one_number=some and length == 1,
        a_step=some and length == lanes,
        a_step_and_one=some and length == lanes + 1,
        a_part_of_a_beat=some and length % 4 != 0,
        whole_beats=some and length % 8 == 0,
        across_4_KiB=some and first + (rows - 1) * stride + (length - 1) // 8 >= _PAGE_BEATS,
    )


def _load(e: Executed, i: Load) -> Iterator[Feature]:
    if i.kind is LoadKind.VECTOR:
        element = {i.element.name}
        yield "load", {"element": element, "edge": _rows(e, i.stride)}
        if e["rows"] and e["length"]:
            words = e.memory.words(e["address"] * WORDS_PER_BEAT, -(-e["length"] // 2))
            numbers: npt.NDArray[Any] = words.view(
                np.float16 if i.element is Element.F16 else np.float32
            )
            yield "special", {"element": element, "number": _special(numbers[: e["length"]])}
        return
    layout = layout_of(i.format, i.tile_rows, e.config.lanes, e.config.ports)
    indices = e.memory.words(e["list"], e["rows"]).view(np.int32)
    found = edges(
        first_row=bool((indices == 0).any()),
        last_row=bool((indices == i.last).any()),
        behind_the_last_row=bool((indices > i.last).any()),
        a_negative_row=bool((indices < 0).any()),
        one_scale=e["length"] == layout.format.group,
    )
    found.add(f"{layout.rows} rows a lane")
    yield "gather", {"format": {layout.format.name}, "edge": found}


def _special(numbers: npt.NDArray[Any]) -> set[str]:
    smallest = np.finfo(numbers.dtype).smallest_normal
    size = np.abs(numbers)
    return edges(
        NaN=bool(np.isnan(numbers).any()),
        infinity=bool(np.isinf(numbers).any()),
        negative_zero=bool(((numbers == 0) & np.signbit(numbers)).any()),
        subnormal=bool(((size > 0) & (size < smallest)).any()),
    )


def _store(e: Executed, i: Store) -> Iterator[Feature]:
    if i.kind is StoreKind.VECTOR:
        yield "store", {"edge": _rows(e, i.stride)}
        return
    if i.kind in (StoreKind.WORD, StoreKind.PUBLISH):
        yield "word", {"kind": {i.kind.name}}
        return
    rows, length, position = e["rows"], e["length"], e.registers[i.position]
    kind = {i.kind.name}
    found = edges(
        no_position=not rows,
        one_position=rows == 1,
        several_positions=rows > 1,
        into_the_next_block=rows > 1 and position % GROUP + rows > GROUP,
        one_group=length == GROUP,
        several_groups=length > GROUP,
    )
    found.add(f"{i.tile_rows.rows} rows a lane")
    yield "append", {"kind": kind, "edge": found}
    if rows:
        yield "position", {"kind": kind, "place": {str(position % GROUP)}}


def _vector(e: Executed, i: Vector) -> Iterator[Feature]:
    outer, length, lanes = e["outer"], e["length"], e.config.vector_lanes
    quantises = i.target is Destination.OPERAND
    result = "map" if i.reduce is Reduce.NONE else i.reduce.name.lower()
    results = {"quantise" if quantises else result}
    found = edges(
        no_row=not outer,
        one_row=outer == 1,
        no_element=not length,
        one_element=length == 1,
        a_step_less_one=length == lanes - 1,
        a_step=length == lanes,
        a_step_and_one=length == lanes + 1,
        more_than_the_partial_results=length > 128,
        growing_rows=bool(i.step) and outer > 1,
    )
    yield "vector", {"result": results, "edge": found}
    if not outer * length:
        return
    yield "element", {
        "first": {i.first.name}, "function": {i.function.name}, "second": {i.second.name},
    }  # fmt: skip
    views = edges(
        scalar_a=bool(i.a.scalar),
        scalar_b=bool(i.b.scalar and i.first.value),
        scalar_c=bool(i.c.scalar and i.second.value),
        scalar_destination=bool(i.destination.scalar),
        in_place=i.destination == i.a,
        several_inner_rows=i.inner > 1,
    )
    yield "view", {"result": results, "view": views}
    if quantises:
        size = i.group.elements
        shape = edges(one_element=length == 1, a_group=length == size,
                      a_group_and_one=length == size + 1)  # fmt: skip
        yield "quantise", {"group": {str(size)}, "edge": shape}


def _system(e: Executed, i: System) -> Iterator[Feature]:
    yield "scalar", {"operation": {i.operation.name}}
    if i.operation is Scalar.LOOP:
        trips = e.registers[i.a] + i.immediate
        count = {"register" if i.a else "immediate"}
        yield "loop", {"count": count, "trips": {("none", "one", "several")[min(trips, 2)]}}
    for other in Unit:
        if i.wait >> other.value & 1 and i.operation in (Scalar.FENCE, Scalar.ADD):
            yield "token", {"source": {other.name}, "target": {i.unit.name}}
