"""Resolved commands in Python: what the sequencer hands to a unit."""

import enum
from typing import Any

from wingbeat.hw.isa.instructions import Instruction, Store
from wingbeat.hw.isa.operands import Address, Count, OperandView, SmallCount, VectorView
from wingbeat.hw.isa.packed import Packed
from wingbeat.hw.rtl.command import BASE_BITS, resolved
from wingbeat.hw.sequencer import Registers


def command(instruction: Instruction, registers: Registers | None = None) -> dict[str, Any]:
    """Fields of the command by name; views and formats are dictionaries themselves."""
    registers = registers or Registers()
    fields: dict[str, Any] = {}
    for name, _ in resolved(type(instruction)):
        value = getattr(instruction, name)
        if isinstance(instruction, Store) and name == "position":
            fields[name] = registers[value]
        elif isinstance(value, (Address, Count, SmallCount)):
            fields[name] = registers.resolve(value)
        elif isinstance(value, (VectorView, OperandView)):
            fields[name] = _fields(value) | {
                "base": (value.base + registers[value.register]) % (1 << BASE_BITS)
            }
            del fields[name]["register"]
        else:
            fields[name] = _number(value)
    return fields


def command_bits(instruction: Instruction, registers: Registers | None = None) -> int:
    """The command as the bits of its port."""
    layout = resolved(type(instruction))
    return int(layout.const(command(instruction, registers)).as_bits())


def _number(value: Any) -> Any:
    if isinstance(value, Packed):
        return _fields(value)
    return value.value if isinstance(value, enum.Enum) else value


def _fields(word: Packed) -> dict[str, Any]:
    return {slot.name: _number(getattr(word, slot.name)) for slot in word.slots()}
