"""Ordering: wait and release tokens, so that decoupled units never overtake what they depend on.

The program is cut into *segments*, straight pieces between loop boundaries. Inside a segment, an
instruction that conflicts with an earlier one of another unit takes a token from it, unless it
already knows, through tokens taken before, that it is complete. At a boundary every conflict that
could reach across is settled by a FENCE of the unit that must wait. Segments are therefore
independent of each other and of trip counts, and each gives exactly the tokens that it takes:
what the verifier asks for.

The sequencer is never made to wait at the end of a segment, because then nothing would be
dispatched meanwhile, and the weight stream would dry up. Where it reads itself what units write,
the segment begins with a barrier instead.

A counter holds few tokens. Where a segment would overfill one, its units wait in coarser steps: for
the last of 2, 4, 8 ... instructions of the other unit, which knows all of them to be complete.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from wingbeat.compiler.lower.code import Buffer, Loop, Step
from wingbeat.hw.isa.instructions import COUNTER_LIMIT, Opcode, Scalar, System, Unit

_Access = tuple[object, int, int, bool]
"""Memory or label, first and last place, whether written."""

_ASYNCHRONOUS = (Unit.LD, Unit.ST, Unit.MPE, Unit.MISC)


class Synchroniser:
    """Adds tokens to a program.

    Parameters
    ----------
    body : the whole program
    places : address of every buffer
    """

    def __init__(self, body: list[Step | Loop], places: Mapping[Buffer, int]) -> None:
        self._places = places
        self._all: dict[Unit, set[_Access]] = {unit: set() for unit in Unit}
        for step in _steps(body):
            self._all[step.instruction.unit].update(self._accesses(step))

    def run(self, body: list[Step | Loop]) -> list[Step | Loop]:
        """Return the program with tokens and fences."""
        result: list[Step | Loop] = []
        segment: list[Step] = []
        for item in body:
            if isinstance(item, Step):
                segment.append(item)
            else:
                result += self._segment(segment)
                segment = []
                result.append(Loop(item.count, self.run(item.body)))
        return result + self._segment(segment)

    def _accesses(self, step: Step) -> set[_Access]:
        found: set[_Access] = set()
        for buffer, part, written in step.extents():
            place = self._places[buffer]
            found.add((buffer.space, place + part.start, place + part.stop, written))
        found |= {(label, 0, 1, False) for label in step.reads}
        found |= {(label, 0, 1, True) for label in step.writes}
        return found

    def _segment(self, steps: Sequence[Step]) -> list[Step]:
        grain = 1
        while (result := self._ordered(steps, grain)) is None:
            grain *= 2
        return result

    def _ordered(self, steps: Sequence[Step], grain: int) -> list[Step] | None:
        """Add tokens and fences to a segment; None if a counter would hold too many."""
        tokens = _Segment([step.instruction.unit for step in steps], grain)
        accesses = [self._accesses(step) for step in steps]
        for later, step in enumerate(steps):
            unit = step.instruction.unit
            for source in _ASYNCHRONOUS:
                if source is unit:
                    continue
                sure = tokens.sure(unit, source)
                found = _latest(steps[:later], accesses, accesses[later], source, sure)
                if found is not None:
                    tokens.take(later, tokens.coarser(found, later))
            tokens.begin(later)
        fences = self._settle(steps, accesses, tokens)
        barrier = self._barrier(steps, accesses)
        if tokens.most() > COUNTER_LIMIT:
            return None
        result = [
            dataclasses.replace(
                step,
                instruction=dataclasses.replace(
                    step.instruction, wait=tokens.wait[i], release=tokens.release[i]
                ),
            )
            for i, step in enumerate(steps)
        ]
        return barrier + result + fences

    def _barrier(self, steps: Sequence[Step], accesses: Sequence[set[_Access]]) -> list[Step]:
        """Let the sequencer wait for units that may have written, before, what it reads here."""
        of_step = zip(steps, accesses, strict=True)
        read = {a for step, all_ in of_step if step.instruction.unit is Unit.SYS for a in all_}
        sources = [unit for unit in _ASYNCHRONOUS if _conflict(self._all[unit], read)]
        if not sources:
            return []
        to_sequencer = 1 << Unit.SYS.value
        return [
            *(Step(_fence(unit, 0, to_sequencer), "order") for unit in sources),
            Step(_fence(Unit.SYS, sum(1 << unit.value for unit in sources)), "order"),
        ]

    def _settle(
        self, steps: Sequence[Step], accesses: Sequence[set[_Access]], tokens: _Segment
    ) -> list[Step]:
        """Fence every unit against what it may touch in another segment."""
        fences = []
        for unit in _ASYNCHRONOUS:
            wait = 0
            for source in _ASYNCHRONOUS:
                if source is unit:
                    continue
                sure = tokens.sure(unit, source)
                found = _latest(steps, accesses, self._all[unit], source, sure)
                if found is not None:
                    tokens.give(found, unit)
                    wait |= 1 << source.value
            if wait:
                fences.append(Step(_fence(unit, wait), "order"))
        return fences


class _Segment:
    """Tokens of one segment, and what each unit knows to be complete.

    `known[unit][source]` is the last step of `source` that `unit` knows of; steps are numbered.
    `streamed` is the last store that the matrix unit's weight stream knows of: it runs ahead of
    the unit and stops only for the unit's own tokens from ST, so what others passed on is no help.
    A unit waits for the last of every `grain` steps of another.
    """

    def __init__(self, units: Sequence[Unit], grain: int) -> None:
        self._units = units
        self._grain = grain
        self.known = {unit: dict.fromkeys(Unit, -1) for unit in Unit}
        self.wait = [0] * len(units)
        self.release = [0] * len(units)
        self._knew: list[dict[Unit, int]] = []
        self._streamed = -1

    def sure(self, unit: Unit, source: Unit) -> tuple[int, int]:
        """Return the last steps of `source` that conflict no more: on chip, and in memory."""
        known = self.known[unit][source]
        return known, self._streamed if (unit, source) == (Unit.MPE, Unit.ST) else known

    def take(self, later: int, earlier: int) -> None:
        """Make step `later` wait for step `earlier`."""
        unit, source = self._units[later], self._units[earlier]
        self.wait[later] |= 1 << source.value
        self.give(earlier, unit)
        # whatever the other unit knew when that step began is known here now
        mine = self.known[unit]
        for other, step in self._knew[earlier].items():
            mine[other] = max(mine[other], step)
        mine[source] = max(mine[source], earlier)
        if (unit, source) == (Unit.MPE, Unit.ST):
            self._streamed = earlier

    def coarser(self, earlier: int, later: int) -> int:
        """Return the step to wait for instead of `earlier`: one at a border, if before `later`."""
        source = self._units[earlier]
        of_source = [i for i, unit in enumerate(self._units[:later]) if unit is source]
        ordinal = of_source.index(earlier)
        border = ordinal - ordinal % self._grain + self._grain - 1
        return of_source[min(border, len(of_source) - 1)]

    def most(self) -> int:
        """Return the most tokens that any counter holds, in program order."""
        most = 0
        held: dict[tuple[Unit, Unit], int] = defaultdict(int)
        for unit, wait, release in zip(self._units, self.wait, self.release, strict=True):
            for other in Unit:
                held[other, unit] -= wait >> other.value & 1
                held[unit, other] += release >> other.value & 1
                most = max(most, held[unit, other])
        return most

    def give(self, earlier: int, unit: Unit) -> None:
        """Make step `earlier` release a token to a unit."""
        self.release[earlier] |= 1 << unit.value

    def begin(self, step: int) -> None:
        """Note what the unit knows as a step begins, itself and its predecessors included."""
        unit = self._units[step]
        if unit is Unit.SYS:
            # nothing is dispatched while the sequencer waits, so all that follow know it too
            for other in Unit:
                for source, seen in self.known[Unit.SYS].items():
                    self.known[other][source] = max(self.known[other][source], seen)
            self._streamed = max(self._streamed, self.known[Unit.SYS][Unit.ST])
        self.known[unit][unit] = step
        self._knew.append(dict(self.known[unit]))


def _fence(unit: Unit, wait: int, release: int = 0) -> System:
    if unit is Unit.SYS:
        # the sequencer waits itself, in an instruction that writes nothing
        return System(Opcode.SYS, wait=wait, release=release, operation=Scalar.ADD)
    return System(Opcode.SYS, wait=wait, release=release, operation=Scalar.FENCE, target=unit)


def _latest(
    steps: Sequence[Step],
    accesses: Sequence[set[_Access]],
    wanted: set[_Access],
    source: Unit,
    sure: tuple[int, int],
) -> int | None:
    """Return the last step of `source` that conflicts with `wanted` and is not known to be over."""
    chip, memory = sure
    labels = {access for access in wanted if isinstance(access[0], str)}
    for earlier in range(len(steps) - 1, min(sure), -1):
        if steps[earlier].instruction.unit is not source:
            continue
        on_chip = earlier > chip and _conflict(accesses[earlier], wanted)
        if on_chip or (earlier > memory and _conflict(accesses[earlier], labels)):
            return earlier
    return None


def _conflict(earlier: Iterable[_Access], later: Iterable[_Access]) -> bool:
    for where, start, stop, written in earlier:
        for other, begin, end, writes in later:
            if where == other and (written or writes) and start < end and begin < stop:
                return True
    return False


def _steps(body: Iterable[Step | Loop]) -> Iterable[Step]:
    for item in body:
        if isinstance(item, Step):
            yield item
        else:
            yield from _steps(item.body)
