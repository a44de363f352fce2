"""Resolved commands: what a unit receives for an instruction.

The sequencer adds registers to operands, so a unit sees values only. Both layouts follow from the
instruction's declaration: an `Address`, `Count` or `SmallCount` becomes a number of 32 bits, a view
keeps its strides beside its resolved base, a register number becomes the register's value, and
every other field stays as it is. Opcode, masks and padding are gone, but for `Multiply.opcode`,
which tells MV from MM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Const, Value, unsigned
from amaranth.lib import data

from wingbeat.hw.isa.instructions import Instruction, Load, Multiply, Store, System, Vector
from wingbeat.hw.isa.operands import Address, Count, OperandView, SmallCount, VectorView
from wingbeat.hw.isa.packed import Packed, Slot

VALUE_BITS = 32
"""Width of a scalar register, and of the sum of one and a constant."""

BASE_BITS = 20
"""Width of a resolved base: 16 bits of the instruction, and what a register adds."""

COMMANDS: tuple[type[Instruction], ...] = (Load, Store, Multiply, Vector)
"""Instructions that become commands; SYS is executed by the sequencer."""

REGISTER_FIELDS: dict[type[Instruction], dict[str, str | None]] = {
    Store: {"position": None},
    System: {"a": None, "b": "immediate"},
}
"""Fields that hold a register number to be read, and the field that is added to its value."""

_NUMBERS = (Address, Count, SmallCount)
_VIEWS = (VectorView, OperandView)


@dataclass(frozen=True)
class Operand:
    """An affine operand: where its register number and its constant lie in the instruction.

    Attributes
    ----------
    name : the field
    register, constant : paths of fields; a `constant` of None is 0
    """

    name: str
    register: tuple[str, ...]
    constant: tuple[str, ...] | None

    def register_of(self, instruction: Any) -> Value:
        """Return the register number in a view of the instruction."""
        return Value.cast(_follow(instruction, self.register))

    def constant_of(self, instruction: Any) -> Value:
        """Return the constant in a view of the instruction."""
        return Value.cast(_follow(instruction, self.constant)) if self.constant else Const(0)


def _follow(instruction: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        instruction = instruction[name]
    return instruction


def operands(cls: type[Instruction]) -> tuple[Operand, ...]:
    """Return the operands of an instruction class, in the order of its fields."""
    registers = REGISTER_FIELDS.get(cls, {})
    found = []
    for slot in cls.slots():
        if slot.kind in _NUMBERS:
            found.append(Operand(slot.name, (slot.name, "register"), (slot.name, "immediate")))
        elif slot.kind in _VIEWS:
            found.append(Operand(slot.name, (slot.name, "register"), (slot.name, "base")))
        elif slot.name in registers:
            constant = registers[slot.name]
            found.append(Operand(slot.name, (slot.name,), (constant,) if constant else None))
    return tuple(found)


def resolved(cls: type[Instruction]) -> data.StructLayout:
    """Return the layout of the command that an instruction class becomes."""
    registers = REGISTER_FIELDS.get(cls, {})
    members: dict[str, Any] = {}
    for slot in _kept(cls):
        if slot.kind in _NUMBERS or slot.name in registers:
            members[slot.name] = unsigned(VALUE_BITS)
        elif slot.kind in _VIEWS:
            members[slot.name] = _resolved_view(slot.kind)
        else:
            members[slot.name] = cls.layout()[slot.name].shape
    return data.StructLayout(members)


def _resolved_view(kind: type[Packed]) -> data.StructLayout:
    strides = {
        s.name: unsigned(s.width) for s in kind.slots() if s.name not in ("base", "register")
    }
    return data.StructLayout({"base": unsigned(BASE_BITS)} | strides)


def _kept(cls: type[Instruction]) -> tuple[Slot, ...]:
    dropped = {"wait", "release"} | ({"opcode"} if len(cls.opcodes) == 1 else set())
    return tuple(slot for slot in cls.slots() if slot.name not in dropped)


def resolve(cls: type[Instruction], instruction: Any, values: Sequence[Value]) -> Any:
    """Return the command as an expression.

    Parameters
    ----------
    instruction : view of the instruction word, of `cls.layout()`
    values : constant plus register of each of `operands(cls)`, 32 bits
    """
    place = {operand.name: value for operand, value in zip(operands(cls), values, strict=True)}
    layout = resolved(cls)
    # fields follow each other without gaps, so the command is their concatenation
    parts: list[Value] = []
    for slot in _kept(cls):
        if slot.kind in _VIEWS:
            view = instruction[slot.name]
            strides = [name for name, _ in layout[slot.name].shape if name != "base"]
            parts += [place[slot.name][:BASE_BITS], *(Value.cast(view[name]) for name in strides)]
        elif slot.name in place:
            parts.append(place[slot.name][:VALUE_BITS])
        else:
            parts.append(Value.cast(instruction[slot.name]))
    return layout(Cat(*parts))
