"""Wait and release: the proof that decoupled units cannot block each other for ever.

There is one counter for each ordered pair of units, initially 0. An instruction of unit U with
unit X in its `wait` mask takes a token from counter X -> U before it runs; with Y in its `release`
mask it adds one to counter U -> Y at its end. Each counter thus has one producer and one consumer,
and both units work in order, so the k-th take always meets the k-th release.

The rules are checked in *program order*, as if each instruction ended before the next one began:

1. no counter falls below 0, nor rises above `COUNTER_LIMIT`;
2. the body of every loop leaves every counter as it found it, so that one pass over the body
   stands for any number of trips, 0 and 1 included;
3. the program ends with every counter at 0, so that the next start finds them so.

Why this excludes deadlock, whatever the units' speeds and queues: take the earliest unfinished
instruction I in program order. Everything before it has finished, so I has been dispatched (no
queue in front of it can be full) and is the first in its unit. Its takes are met: only earlier
instructions of its own unit have taken from those counters, and everything that was released into
them before I in program order is there, which by rule 1 is enough; units that ran ahead can only
have added more. Its releases fit: its own unit alone adds to those counters, and takers that ran
ahead only make room, so by rule 1 they are not full. I finishes, then by induction all do. A
*later* instruction may well find a counter full and wait; that delays it and harms nobody.

MPE reads weights ahead, and takes the tokens from ST before it does so. That changes nothing: from
each counter by itself it still takes in order, and the earliest unfinished instruction is also the
earliest whose weights are not all read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from wingbeat.hw.isa.instructions import COUNTER_LIMIT, Instruction, Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.verify.complaint import refusal
from wingbeat.hw.verify.loops import Block, Loop

Pair = tuple[Unit, Unit]
"""A counter: from the unit that releases to the unit that waits."""

Tokens = dict[Pair, int]


def units(mask: int) -> Iterator[Unit]:
    """Yield the units of a wait or release mask."""
    return (unit for unit in Unit if mask >> unit.value & 1)


def peaks(program: Program, block: Block) -> Tokens:
    """Return the most tokens that each counter in use holds, in program order.

    Raises
    ------
    ProgramError
        If a unit waits for itself or releases itself, or if one of the three rules above is broken.
    """
    check = _Check(program)
    check.run(block)
    for (source, target), count in check.tokens.items():
        if count:
            index = check.released[source, target]
            raise refusal(
                index,
                program.instructions[index],
                f"the program must end with the counter {_name((source, target))} at 0, "
                f"not {count}: this token is never taken",
            )
    return check.peaks


def _name(pair: Pair) -> str:
    return f"{pair[0].name} -> {pair[1].name}"


@dataclass
class _Check:
    """Counters along the program.

    Attributes
    ----------
    tokens, peaks : of each counter, now and at most
    released : the instruction that last released into a counter
    """

    program: Program
    tokens: Tokens = field(default_factory=dict)
    peaks: Tokens = field(default_factory=dict)
    released: dict[Pair, int] = field(default_factory=dict)

    def run(self, block: Block) -> None:
        for item in block:
            if isinstance(item, Loop):
                self._execute(item.index)
                before = dict(self.tokens)
                self.run(item.body)
                self._compare(item, before)
            else:
                self._execute(item)

    def _execute(self, index: int) -> None:
        instruction = self.program.instructions[index]
        unit = instruction.unit
        for source in units(instruction.wait):
            self._move(index, instruction, (source, unit), -1)
        for target in units(instruction.release):
            self._move(index, instruction, (unit, target), +1)

    def _move(self, index: int, instruction: Instruction, pair: Pair, step: int) -> None:
        word = "wait for" if step < 0 else "release"
        if pair[0] is pair[1]:
            raise refusal(index, instruction, f"{pair[0].name} must not {word} itself")
        count = self.tokens.get(pair, 0) + step
        if count < 0:
            raise refusal(
                index,
                instruction,
                f"a wait for {pair[0].name} must be met by an earlier release; "
                f"the counter {_name(pair)} is at 0 here",
            )
        if count > COUNTER_LIMIT:
            raise refusal(
                index,
                instruction,
                f"the counter {_name(pair)} must hold at most {COUNTER_LIMIT} tokens, not {count}",
            )
        self.tokens[pair] = count
        self.peaks[pair] = max(self.peaks.get(pair, 0), count)
        if step > 0:
            self.released[pair] = index

    def _compare(self, loop: Loop, before: Tokens) -> None:
        for pair, count in self.tokens.items():
            change = count - before.get(pair, 0)
            if change:
                raise refusal(
                    loop.index,
                    self.program.instructions[loop.index],
                    f"the body must leave the counter {_name(pair)} as it found it, "
                    f"not change it by {change:+d}",
                )
