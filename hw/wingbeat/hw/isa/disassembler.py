"""Programs as text: one readable line an instruction.

    sys.add       r3 = r1 + 5
    ld.gather     v[r4; 36,0] = m[0x4000].row(w[0x100+r2])  1 x 576, int8g32 x 12, to row 49151
    mv            v[0x120+r5] = m[0x4000+r3; 216] * o[12]  3 tiles x 18 groups, int4g32 x 12
    misc.quantise o[12+r4] = exp2(v[96] - v[12].s) * v[0x190]  9 x 1 x 64, g32  wait MPE

`notation` explains the operands; counts are rows x elements, or tokens x heads x elements.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

from wingbeat.hw.isa import notation
from wingbeat.hw.isa.instructions import (
    Combine,
    Destination,
    Function,
    Instruction,
    Load,
    LoadKind,
    Multiply,
    Opcode,
    Reduce,
    Scalar,
    Store,
    StoreKind,
    System,
    Unit,
    Vector,
)
from wingbeat.hw.isa.mnemonics import mnemonic
from wingbeat.hw.isa.packed import Packed
from wingbeat.hw.isa.program import Program

_INFIX: dict[enum.Enum, str] = {
    Combine.MUL: "*",
    Combine.ADD: "+",
    Combine.SUB: "-",
    Scalar.ADD: "+",
    Scalar.SUB: "-",
    Scalar.MUL: "*",
    Scalar.SHL: "<<",
    Scalar.SHR: ">>",
    Scalar.AND: "&",
    Scalar.LESS: "<",
    Scalar.EQUAL: "==",
}
"""Operations written between their operands; the others are written as functions."""

_MNEMONIC_COLUMN = 14
_INDENT = "    "


def disassemble(program: Program) -> list[str]:
    """Return one line an instruction: index, mnemonic, operands; loop bodies are indented."""
    digits = len(str(len(program.instructions)))
    ends: list[int] = []
    lines = []
    for index, instruction in enumerate(program.instructions):
        ends = [end for end in ends if end > index]
        lines.append(f"{index:{digits}}  {_INDENT * len(ends)}{line(instruction)}")
        if isinstance(instruction, System) and instruction.operation is Scalar.LOOP:
            ends.append(index + 1 + instruction.length)
    return lines


def line(instruction: Instruction) -> str:
    """Return an instruction as text, without its index."""
    parts = [_operation(instruction), *_order(instruction)]
    operands = "  ".join(part for part in parts if part)
    return f"{mnemonic(instruction):{_MNEMONIC_COLUMN - 1}} {operands}".rstrip()


def describe(instruction: Instruction) -> list[str]:
    """Return every field that is not at its default, with its value and its meaning."""
    default = type(instruction)(instruction.opcode)
    return [
        f"{name} = {value}  ({meaning})" for name, value, meaning in _fields(instruction, default)
    ]


def _fields(word: Packed, default: Packed, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for slot in word.slots():
        mine, usual = getattr(word, slot.name), getattr(default, slot.name)
        if isinstance(mine, Packed):
            yield from _fields(mine, usual, f"{prefix}{slot.name}.")
        elif mine != usual:
            value = mine.name if isinstance(mine, enum.Enum) else str(mine)
            yield f"{prefix}{slot.name}", value, slot.meaning


def _order(instruction: Instruction) -> Iterator[str]:
    for word, mask in (("wait", instruction.wait), ("release", instruction.release)):
        if mask:
            yield f"{word} {','.join(unit.name for unit in Unit if mask >> unit.value & 1)}"


def _operation(instruction: Instruction) -> str:
    if isinstance(instruction, Load):
        return _load(instruction)
    if isinstance(instruction, Store):
        return _store(instruction)
    if isinstance(instruction, Multiply):
        return _multiply(instruction)
    if isinstance(instruction, Vector):
        return _vector(instruction)
    assert isinstance(instruction, System)
    return _system(instruction)


def _strided(place: str, stride: int) -> str:
    """Put a stride into a place's brackets."""
    return f"{place[:-1]}; {stride}]" if stride else place


def _load(load: Load) -> str:
    size = f"{notation.count(load.rows)} x {notation.count(load.length)}"
    target = notation.vector(load.destination)
    if load.kind is LoadKind.GATHER:
        row = f"{notation.beats(load.address)}.row({notation.words(load.list)})"
        tile = f"{notation.weights(load.format)} x {load.tile_rows.rows}"
        return f"{target} = {row}  {size}, {tile}, to row {load.last}"
    source = _strided(notation.beats(load.address), load.stride)
    return f"{target} = {source}  {size}, {load.element.name.lower()}"


def _store(store: Store) -> str:
    size = f"{notation.count(store.rows)} x {notation.count(store.length)}"
    place = _strided(notation.beats(store.address), store.stride)
    tile = f"x {store.tile_rows.rows}, from position r{store.position}"
    match store.kind:
        case StoreKind.VECTOR:
            return f"{place} = {notation.vector(store.vector)}  {size}"
        case StoreKind.KEYS:
            return f"{place} = {notation.operand(store.operand)}  {size}, {tile}"
        case StoreKind.VALUES:
            scales = notation.beats(store.list)
            return f"{place}, {scales} = {notation.operand(store.operand)}  {size}, {tile}"
        case StoreKind.WORD:
            return f"{notation.words(store.list)} = r{store.position}"
        case StoreKind.PUBLISH:
            ring = f"ring of {notation.count(store.length)}"
            return f"{notation.words(store.list)} = r{store.position}  {ring}"


def _multiply(multiply: Multiply) -> str:
    matrix = _strided(notation.beats(multiply.address), multiply.stride)
    product = (
        f"{notation.vector(multiply.destination)} = {matrix} * {notation.operand(multiply.operand)}"
    )
    size = f"{notation.count(multiply.tiles)} tiles x {notation.count(multiply.groups)} groups"
    details = [size, f"{notation.weights(multiply.format)} x {multiply.tile_rows.rows}"]
    if multiply.opcode is Opcode.MM:
        details.append(f"{notation.count(multiply.outer)} x {multiply.inner} vectors")
    if multiply.strands:
        details.append(f"{1 << multiply.strands} strands")
    return f"{product}  {', '.join(details)}"


def _combined(operation: enum.Enum, first: str, second: str) -> str:
    if operation in _INFIX:
        return f"{first} {_INFIX[operation]} {second}"
    return f"{operation.name.lower()}({first}, {second})"


def _vector(vector: Vector) -> str:
    formula = notation.vector(vector.a)
    if vector.first is not Combine.PASS:
        formula = _combined(vector.first, formula, notation.vector(vector.b))
    if vector.function is not Function.IDENTITY:
        formula = f"{vector.function.name.lower()}({formula})"
    elif vector.first in _INFIX and vector.second in _INFIX:
        formula = f"({formula})"
    if vector.second is not Combine.PASS:
        formula = _combined(vector.second, formula, notation.vector(vector.c))
    if vector.reduce is not Reduce.NONE:
        formula = f"{vector.reduce.name.lower()}({formula})"
    quantises = vector.target is Destination.OPERAND
    target = (notation.operand if quantises else notation.vector)(vector.destination)
    length = notation.count(vector.length) + (".." if vector.step else "")
    details = [f"{notation.count(vector.outer)} x {vector.inner} x {length}"]
    if quantises:
        details.append(f"g{vector.group.elements}")
    return f"{target} = {formula}  {', '.join(details)}"


def _system(system: System) -> str:
    a = f"r{system.a}" if system.a else "0"
    match system.operation:
        case Scalar.LOOP:
            return f"{_sum(system.a, system.immediate)} times: next {system.length}"
        case Scalar.PEEK:
            return f"r{system.destination} = {notation.vector(system.vector)}.word({system.length})"
        case Scalar.FENCE:
            return system.target.name
        case Scalar.HALT:
            return ""
        case _:
            second = _sum(system.b, system.immediate)
            if system.operation in _INFIX and system.b and system.immediate:
                second = f"({second})"
            return f"r{system.destination} = {_combined(system.operation, a, second)}"


def _sum(register: int, immediate: int) -> str:
    """Return `5`, `r3`, `r3 + 5` or `r3 - 1`."""
    constant = notation.signed(immediate)
    if not register:
        return constant
    if not immediate:
        return f"r{register}"
    sign, digits = ("-", constant[1:]) if constant.startswith("-") else ("+", constant)
    return f"r{register} {sign} {digits}"
