"""What the definition of the sequencer makes of a program, in the terms of the RTL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.hw.rtl.commands import command_bits

from wingbeat.hw.isa.instructions import Instruction, System
from wingbeat.hw.isa.operands import GRANULE
from wingbeat.hw.isa.program import Program
from wingbeat.hw.sequencer import Registers, Sequencer


def stored_word(address: int, finished: int) -> int:
    """What the vector memory holds at a word after a number of commands have finished."""
    return (address * 2654435761 ^ finished * 40503) % (1 << 32)


@dataclass(frozen=True)
class Step:
    """An instruction that is executed, and its resolved command if it is for a unit."""

    pc: int
    instruction: Instruction
    command: int | None


def steps(
    program: Program,
    values: Mapping[str, int],
    words: int,
    aborted: Callable[[], bool] = lambda: False,
) -> list[Step]:
    """Everything that is executed, in order; the vector memory has `words` words."""
    found: list[Step] = []

    def peek(system: System, registers: Registers) -> int:
        base = system.vector.base + registers[system.vector.register]
        finished = sum(step.command is not None for step in found)
        return stored_word((GRANULE * base + system.length) % words, finished)

    sequencer = Sequencer(program, values, peek, aborted)
    for pc, instruction in sequencer.run():
        is_system = isinstance(instruction, System)
        command = None if is_system else command_bits(instruction, sequencer.registers)
        found.append(Step(pc, instruction, command))
    return found
