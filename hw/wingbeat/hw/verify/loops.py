"""The structure of a program: a tree of loops, and how often each of them may run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wingbeat.hw.errors import ProgramError
from wingbeat.hw.isa.footprint import Interval
from wingbeat.hw.isa.instructions import LOOP_DEPTH, Instruction, Scalar, System
from wingbeat.hw.isa.program import Program
from wingbeat.hw.verify.complaint import refusal, text

TRIP_LIMIT = (1 << 24) - 1
"""Trips of one loop, at most: the width of the sequencer's trip counters."""

EXECUTED_LIMIT = 1 << 40
"""Instructions of one start, at most: an hour of dispatching one each cycle at 300 MHz."""


@dataclass(frozen=True)
class Loop:
    """A LOOP instruction and the instructions that it repeats.

    Attributes
    ----------
    index : of the LOOP itself
    body : what is repeated, in order
    """

    index: int
    body: Block


Block = tuple[int | Loop, ...]
"""Instructions (by index) and loops, in program order."""


def structure(program: Program) -> Block:
    """Return the tree of loops.

    Raises
    ------
    ProgramError
        If the program does not end with its only HALT, or if the loops are empty, reach out of
        the body they are in, or nest too deep.
    """
    instructions = program.instructions
    if not instructions:
        raise ProgramError("a program must have at least one instruction, its HALT")
    last = len(instructions) - 1
    if not _is(instructions[last], Scalar.HALT):
        raise refusal(last, instructions[last], "the last instruction must be a HALT")
    return _block(instructions, 0, len(instructions), 0)


def _is(instruction: Instruction, operation: Scalar) -> bool:
    return isinstance(instruction, System) and instruction.operation is operation


def _block(instructions: tuple[Instruction, ...], first: int, stop: int, depth: int) -> Block:
    """Instructions `first` to `stop`, the body of `depth` loops."""
    items: list[int | Loop] = []
    index = first
    while index < stop:
        instruction = instructions[index]
        if _is(instruction, Scalar.HALT) and (depth or index != stop - 1):
            raise refusal(
                index, instruction, "a HALT must be the last instruction, outside of all loops"
            )
        if isinstance(instruction, System) and instruction.operation is Scalar.LOOP:
            end = index + 1 + instruction.length
            _check_body(index, instruction, end, stop, depth)
            items.append(Loop(index, _block(instructions, index + 1, end, depth + 1)))
            index = end
        else:
            items.append(index)
            index += 1
    return tuple(items)


def _check_body(index: int, loop: System, end: int, stop: int, depth: int) -> None:
    if loop.length == 0:
        raise refusal(index, loop, "`length` must be at least 1: a loop repeats something")
    if end > stop:
        what = "the body of the loop around it" if depth else "the program"
        raise refusal(
            index,
            loop,
            f"`length` must end within {what}, at most {stop - index - 1}, not {loop.length}",
        )
    if depth == LOOP_DEPTH:
        raise refusal(index, loop, f"loops must nest at most {LOOP_DEPTH} deep, not {depth + 1}")


def executed(program: Program, block: Block, trips: Mapping[int, Interval]) -> int:
    """Return the most instructions that a start may execute, LOOPs included.

    Parameters
    ----------
    program, block : the program and its structure
    trips : what the trip count of each loop may be; loops that are never reached are left out

    Raises
    ------
    ProgramError
        If a trip count, or the product of all, exceeds its limit.
    """
    for index, count in sorted(trips.items()):
        if count.high > TRIP_LIMIT:
            raise refusal(
                index,
                program.instructions[index],
                f"the trip count must be at most {TRIP_LIMIT} for all register values, "
                f"not {text(count)}",
            )
    most = _count(block, trips)
    if most > EXECUTED_LIMIT:
        raise ProgramError(
            f"a program must execute at most {EXECUTED_LIMIT} instructions, not up to {most}: "
            "it would not end within an hour"
        )
    return most


def _count(block: Block, trips: Mapping[int, Interval]) -> int:
    total = len(block)
    for item in block:
        if isinstance(item, Loop) and item.index in trips:
            total += trips[item.index].high * _count(item.body, trips)
    return total
