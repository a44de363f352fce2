"""What an instruction is called, in disassembly and in error messages."""

from __future__ import annotations

from wingbeat.hw.isa.instructions import (
    Destination,
    Instruction,
    Load,
    Reduce,
    Store,
    System,
    Vector,
)


def mnemonic(instruction: Instruction) -> str:
    """Return the class, and what the instruction does where one class does several things.

    `mv`, `mm`, `ld.gather`, `st.keys`, `misc.sum`, `misc.quantise`, `sys.add`.
    """
    stem = instruction.opcode.name.lower()
    if isinstance(instruction, Load | Store):
        return f"{stem}.{instruction.kind.name.lower()}"
    if isinstance(instruction, System):
        return f"{stem}.{instruction.operation.name.lower()}"
    if isinstance(instruction, Vector):
        if instruction.target is Destination.OPERAND:
            return f"{stem}.quantise"
        kind = "map" if instruction.reduce is Reduce.NONE else instruction.reduce.name.lower()
        return f"{stem}.{kind}"
    return stem
