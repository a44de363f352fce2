"""What the scalar registers may hold at each instruction, whatever the arguments.

An interval analysis over the tree of loops, sound for every trip count between a loop's least and
greatest. Two kinds of register keep narrow intervals in a loop:

- one to which the body only *adds* (pointers, offsets): from the sum of what an iteration adds and
  the greatest trip count follow its interval at the head of the loop and behind it;
- one that the body *bounds* with MIN, MAX or AND (positions, counts): iterating the body reaches
  an interval that holds itself. Where that takes too long the interval is widened to the next
  constant that the program mentions, then narrowed again by what the body makes of it.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field

from wingbeat.hw.isa.footprint import Interval
from wingbeat.hw.isa.instructions import Scalar, System
from wingbeat.hw.isa.operands import REGISTERS
from wingbeat.hw.isa.program import WORD, Program
from wingbeat.hw.verify.loops import Block, Loop
from wingbeat.hw.verify.scalars import ANYTHING, joined, transfer, within, wrapped

State = tuple[Interval, ...]
"""What each register may hold."""

_NOTHING = Interval.point(0)

_PATIENCE = 4
"""Passes over a loop's body before intervals are widened: chains of registers, each of which is
added to the next, settle in as many passes as they have links."""


@dataclass(frozen=True)
class Ranges:
    """Result of the analysis.

    Attributes
    ----------
    before : for each instruction, the registers when it is executed; None if it never is
    trips : for each LOOP that is executed, by index, its trip count
    """

    before: tuple[State | None, ...]
    trips: dict[int, Interval]


@dataclass
class _Path:
    """Registers along a path.

    Attributes
    ----------
    registers : what each may hold now
    added : what has been added to each since the path began, as unbounded integers;
        None if it was overwritten
    """

    registers: list[Interval]
    added: list[Interval | None] = field(default_factory=lambda: [_NOTHING] * REGISTERS)


def analyse(program: Program, block: Block) -> Ranges:
    """Follow the registers through a program of this structure."""
    analysis = _Analysis(program)
    start = [_NOTHING] * REGISTERS
    for argument in program.arguments:
        start[argument.register] = Interval(argument.low, argument.high)
    analysis.run(block, tuple(start), record=True)
    return Ranges(tuple(analysis.before), analysis.trips)


class _Analysis:
    def __init__(self, program: Program) -> None:
        self._instructions = program.instructions
        self._thresholds = _constants(program)
        self.before: list[State | None] = [None] * len(program.instructions)
        self.trips: dict[int, Interval] = {}

    def run(self, block: Block, state: State, record: bool) -> _Path:
        """Follow a block; `record` notes the registers at each instruction."""
        path = _Path(list(state))
        for item in block:
            index = item.index if isinstance(item, Loop) else item
            if record:
                self.before[index] = tuple(path.registers)
            if isinstance(item, Loop):
                self._repeat(item, path, record)
            else:
                instruction = self._instructions[index]
                if isinstance(instruction, System):
                    _step(instruction, path)
        return path

    def _repeat(self, loop: Loop, path: _Path, record: bool) -> None:
        """Follow a loop, for every trip count it may have."""
        system = self._instructions[loop.index]
        assert isinstance(system, System)
        start = path.registers[system.a]
        trips = wrapped(start.low + system.immediate, start.high + system.immediate)
        if record:
            self.trips[loop.index] = trips
        if trips.high == 0:
            return
        entry = tuple(path.registers)
        head = self._settle(loop, entry, trips.high)
        body = self.run(loop.body, head, record)
        for register, once in enumerate(body.added):
            before = path.added[register]
            if once is None:
                end = body.registers[register]
                path.registers[register] = joined(entry[register], end) if not trips.low else end
                path.added[register] = None
            else:
                total = _times(once, trips)
                path.registers[register] = _sum(entry[register], total)
                path.added[register] = None if before is None else _plus(before, total)

    def _settle(self, loop: Loop, entry: State, most: int) -> State:
        """Return intervals that hold the registers at the head of every iteration."""
        head = entry
        passes = 0
        while not _holds(head, wanted := self._head(loop, entry, head, most)):
            grown = tuple(map(joined, head, wanted))
            head = grown if passes < _PATIENCE else self._widen(head, grown)
            passes += 1
        if passes > _PATIENCE:
            # undo what widening gave away: since `head` holds every iteration, so does what its
            # own iteration makes of it, twice
            head = self._head(loop, entry, wanted, most)
        return head

    def _head(self, loop: Loop, entry: State, head: State, most: int) -> State:
        """Return what the next iteration may begin with if one begins with `head`."""
        if most == 1:
            return entry
        body = self.run(loop.body, head, record=False)
        earlier = Interval(0, most - 1)
        return tuple(
            joined(first, last) if once is None else _sum(first, _times(once, earlier))
            for first, last, once in zip(entry, body.registers, body.added, strict=True)
        )

    def _widen(self, head: State, grown: State) -> State:
        """Move each bound that grew to the next threshold."""
        return tuple(
            Interval(
                old.low if new.low == old.low else self._below(new.low),
                old.high if new.high == old.high else self._above(new.high),
            )
            for old, new in zip(head, grown, strict=True)
        )

    def _below(self, bound: int) -> int:
        return self._thresholds[bisect.bisect_right(self._thresholds, bound) - 1]

    def _above(self, bound: int) -> int:
        return self._thresholds[bisect.bisect_left(self._thresholds, bound)]


def _constants(program: Program) -> Sequence[int]:
    """Every number that a bound may rest on, ascending, from 0 to 2**32 - 1."""
    numbers = {0, WORD}
    for argument in program.arguments:
        numbers |= {argument.low, argument.high}
    for instruction in program.instructions:
        if isinstance(instruction, System):
            numbers.add(instruction.immediate)
    return sorted(numbers)


def _step(system: System, path: _Path) -> None:
    """Execute one SYS instruction that is no LOOP."""
    if system.operation in (Scalar.FENCE, Scalar.HALT) or system.destination == 0:
        return
    if system.operation is Scalar.PEEK:
        result = ANYTHING
        addend = None
    else:
        a, b = path.registers[system.a], path.registers[system.b]
        operand = wrapped(b.low + system.immediate, b.high + system.immediate)
        result = transfer(system.operation, a, operand)
        addend = _addend(system, a, operand)
    target = system.destination
    before = path.added[target]
    path.registers[target] = result
    path.added[target] = None if addend is None or before is None else _plus(before, addend)


def _addend(system: System, a: Interval, operand: Interval) -> Interval | None:
    """Return what an instruction adds to its own destination, or None if it is no such addition."""
    target = system.destination
    if system.operation is Scalar.ADD and system.a == target:
        return _signed(operand)
    if system.operation is Scalar.ADD and system.b == target:
        return _signed(wrapped(a.low + system.immediate, a.high + system.immediate))
    if system.operation is Scalar.SUB and system.a == target:
        addend = _signed(operand)
        return Interval(-addend.high, -addend.low)
    return None


def _signed(interval: Interval) -> Interval:
    """Take numbers of 2**31 and more as negative: what they do to a register is the same."""
    return interval + -(1 << 32) if interval.low >> 31 else interval


def _plus(one: Interval, other: Interval) -> Interval:
    return Interval(one.low + other.low, one.high + other.high)


def _times(once: Interval, times: Interval) -> Interval:
    """The sum of any number of addends within `times`, each within `once`."""
    corners = [
        bound * count for bound in (once.low, once.high) for count in (times.low, times.high)
    ]
    return Interval(min(corners), max(corners))


def _sum(start: Interval, total: Interval) -> Interval:
    return wrapped(start.low + total.low, start.high + total.high)


def _holds(outer: State, inner: State) -> bool:
    return all(map(within, inner, outer))
