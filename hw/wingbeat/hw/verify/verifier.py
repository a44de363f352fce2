"""The verifier: a program that it accepts cannot fault, hang or run for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import EncodingError, ProgramError
from wingbeat.hw.isa.footprint import Interval
from wingbeat.hw.isa.instructions import decode
from wingbeat.hw.isa.operands import REGISTERS
from wingbeat.hw.isa.program import WORD, Argument, Program
from wingbeat.hw.memory_map import MemoryMap
from wingbeat.hw.verify import counters, fields, regions
from wingbeat.hw.verify.complaint import refusal
from wingbeat.hw.verify.loops import Block, executed, structure
from wingbeat.hw.verify.ranges import State, analyse


@dataclass(frozen=True)
class Report:
    """What is known about an accepted program.

    Attributes
    ----------
    structure : its tree of loops
    registers : for each instruction, what each register may hold when it is executed;
        None if it never is
    trips : for each LOOP that is executed, by index, its trip count
    executed : instructions of one start, at most
    peak_tokens : for each wait/release counter in use, (from, to), its tokens at most
    """

    structure: Block
    registers: tuple[State | None, ...]
    trips: Mapping[int, Interval]
    executed: int
    peak_tokens: Mapping[counters.Pair, int]


def verify(program: Program, memory: MemoryMap, config: AcceleratorConfig) -> Report:
    """Prove that a program is safe to start with any arguments in their declared ranges.

    Instructions that are never executed, in a loop of no trips, are checked for their encoding
    and their counters only.

    Parameters
    ----------
    program : instructions, and arguments with their ranges
    memory : regions that the program may reach
    config : accelerator that is to run it

    Raises
    ------
    ProgramError
        One sentence: the instruction, the field, its value and the rule that it breaks.
    """
    for position, argument in enumerate(program.arguments):
        _check_argument(argument, program.arguments[:position])
    _check_encoding(program)
    block = structure(program)
    peak_tokens = counters.peaks(program, block)
    ranges = analyse(program, block)
    most = executed(program, block, ranges.trips)
    for index, instruction in enumerate(program.instructions):
        registers = ranges.before[index]
        if registers is None:
            continue
        for rule in fields.complaints(instruction, registers, config):
            raise refusal(index, instruction, rule)
        for rule in regions.complaints(instruction, registers, memory, config):
            raise refusal(index, instruction, rule)
    return Report(block, ranges.before, ranges.trips, most, peak_tokens)


def _check_encoding(program: Program) -> None:
    """Every instruction must encode, and decode to itself."""
    for index, instruction in enumerate(program.instructions):
        try:
            decode(instruction.to_bits())
        except EncodingError as error:
            raise refusal(index, instruction, str(error)) from None


def _check_argument(argument: Argument, earlier: tuple[Argument, ...]) -> None:
    if not 0 < argument.register < REGISTERS:
        raise ProgramError(
            f"argument `{argument.name}`: `register` must be 1 to {REGISTERS - 1}, "
            f"not {argument.register}"
        )
    if not 0 <= argument.low <= argument.high <= WORD:
        raise ProgramError(
            f"argument `{argument.name}`: its range must be within 0 to {WORD}, "
            f"low to high, not {argument.low} to {argument.high}"
        )
    for other in earlier:
        if other.name == argument.name:
            raise ProgramError(f"arguments must have distinct names, not `{argument.name}` twice")
        if other.register == argument.register:
            raise ProgramError(
                f"arguments must have distinct registers, not {argument.register} "
                f"for both `{other.name}` and `{argument.name}`"
            )
