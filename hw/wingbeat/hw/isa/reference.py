"""The reference of the instruction set, written from its declarations.

    python -m wingbeat.hw.isa.reference > docs/isa.md

Fields, widths and values come from the packed classes and enumerations, explanations from their
docstrings, constants from the strings below them: there is no text here that could become untrue.
"""

from __future__ import annotations

import ast
import enum
import inspect
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType

from wingbeat.hw import control, formats, stream
from wingbeat.hw.isa import instructions, operands, program
from wingbeat.hw.isa.packed import Packed, Slot


def reference() -> str:
    """Return the whole reference as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Instruction set"
    yield ""
    yield "<!-- generated: python -m wingbeat.hw.isa.reference > docs/isa.md -->"
    yield ""
    yield _docstring(instructions)
    yield from _constants(instructions)
    yield from ("", "## Instructions", "", "Bits are counted from the lowest, 0.")
    for instruction in instructions.CLASSES:
        yield from _packed(instruction)
    yield from ("", "## Operands", "", _docstring(operands))
    yield from _constants(operands)
    for cls in _nested(instructions.CLASSES):
        yield from _packed(cls)
    yield from ("", "## Enumerations")
    for kind in _enumerations((*instructions.CLASSES, *_nested(instructions.CLASSES))):
        yield from _values(kind)
    yield from ("", "## Programs", "", _docstring(program))
    yield from ("", *_fenced(program.Argument))
    yield from ("", "## Weight formats", "", *_fenced(formats))
    yield from _constants(formats)
    yield from ("", "## Weight streams", "", *_fenced(stream))
    yield from ("", "## Control block", "", _docstring(control))
    yield from _constants(control)
    yield from _packed(control.ControlBlock)
    for kind in _enumerations((control.ControlBlock,)):
        yield from _values(kind)


def _docstring(thing: object) -> str:
    return inspect.getdoc(thing) or ""


def _fenced(thing: object) -> tuple[str, ...]:
    """A docstring whose layout matters."""
    return "```text", _docstring(thing), "```"


def _packed(cls: type[Packed]) -> Iterator[str]:
    """A packed word: its docstring and the table of its fields."""
    opcodes = cls.opcodes if issubclass(cls, instructions.Instruction) else ()
    title = f"{cls.__name__} ({', '.join(op.name for op in opcodes)})" if opcodes else cls.__name__
    yield from ("", f"### {title}", "", _docstring(cls), "")
    yield "| field | bits | width | kind | meaning |"
    yield "|---|---|---|---|---|"
    for slot in cls.slots():
        place = _bits(slot.offset, slot.width)
        yield f"| `{slot.name}` | {place} | {slot.width} | {_kind(slot)} | {slot.meaning} |"
    used = cls.slots()[-1].offset + cls.slots()[-1].width
    left = cls.width() - used
    if left:
        yield f"| | {_bits(used, left)} | {left} | | must be 0 |"


def _bits(offset: int, width: int) -> str:
    return f"{offset + width - 1}:{offset}" if width > 1 else str(offset)


def _kind(slot: Slot) -> str:
    return (
        "unsigned" if slot.kind is int else f"[{slot.kind.__name__}](#{slot.kind.__name__.lower()})"
    )


def _values(kind: type[enum.Enum]) -> Iterator[str]:
    """An enumeration: its docstring and the table of its values."""
    yield from ("", f"### {kind.__name__}", "", _docstring(kind), "")
    yield "| value | name |"
    yield "|---|---|"
    for member in kind:
        yield f"| {member.value} | {member.name} |"


def _nested(classes: tuple[type[Packed], ...]) -> tuple[type[Packed], ...]:
    """Packed words within packed words, in order of appearance."""
    kinds = [slot.kind for cls in classes for slot in cls.slots()]
    return tuple(dict.fromkeys(kind for kind in kinds if issubclass(kind, Packed)))


def _enumerations(classes: tuple[type[Packed], ...]) -> tuple[type[enum.Enum], ...]:
    kinds = [slot.kind for cls in classes for slot in cls.slots()]
    return tuple(dict.fromkeys(kind for kind in kinds if issubclass(kind, enum.Enum)))


def _constants(module: ModuleType) -> Iterator[str]:
    """Documented numbers of a module: a name in capitals, with a string below it."""
    body = ast.parse(inspect.getsource(module)).body
    rows = []
    for statement, below in pairwise(body):
        if not (isinstance(statement, ast.Assign) and isinstance(below, ast.Expr)):
            continue
        target, meaning = statement.targets[0], below.value
        if isinstance(target, ast.Name) and isinstance(meaning, ast.Constant):
            value = getattr(module, target.id)
            if isinstance(value, int):
                text = textwrap.dedent(str(meaning.value)).replace("\n", " ")
                rows.append(f"| `{target.id}` | {value} | {text} |")
    if rows:
        yield from ("", "| constant | value | meaning |", "|---|---|---|", *rows)


if __name__ == "__main__":
    sys.stdout.write(reference())
