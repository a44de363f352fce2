"""What an accelerator in simulation did, from its ports `retired` and `activity`."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from wingbeat.hw.control import ErrorCode
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.rtl.sequencer.program import ACTIVITY, RETIRED
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.trace import Retired

_ACTIVITY, _RETIRED, _FAILURE = range(3)  # kinds of events, in their order within a cycle

_VALID = sum(1 << RETIRED.size * unit.value for unit in Unit)


def _bits(name: str) -> int:
    """Return the mask of a field of ACTIVITY."""
    place = ACTIVITY[name]
    mask: int = ((1 << place.width) - 1) << place.offset
    return mask


Failure = tuple[Unit, int, ErrorCode]
"""An error record: the unit, the instruction's pc, the reason."""


def _by_unit() -> dict[Unit, list[tuple[int, int]]]:
    return {unit: [] for unit in Unit}


@dataclass
class Recording:
    """A number of runs. Cycles count while a program runs, as the register CYCLES does.

    Attributes
    ----------
    runs : first cycle of each run, and the cycle behind its last
    retired : instructions in order of `end`
    waiting : of each unit, (cycle, instructions that wait in its queue since then)
    stalled : of each unit, (first cycle, cycle behind the last) in which it waits for tokens
    """

    runs: list[tuple[int, int]] = field(default_factory=list)
    retired: list[Retired] = field(default_factory=list)
    waiting: dict[Unit, list[tuple[int, int]]] = field(default_factory=_by_unit)
    stalled: dict[Unit, list[tuple[int, int]]] = field(default_factory=_by_unit)


class Recorder:
    """Notes what happens, in C++, from its creation on.

    Parameters
    ----------
    simulation : of an `Accelerator`, in which no program runs
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._retired = simulation.probe("retired", pulses=_VALID)
        self._activity = simulation.probe(
            "activity",
            pulses=_bits("dispatched") | _bits("started"),
            levels=_bits("running") | _bits("stalled"),
        )
        self._failures: list[tuple[int, int, Failure]] = []

    def fail(self, failure: Failure) -> None:
        """Note how the last run has failed."""
        self._failures.append((self._simulation.cycle, _FAILURE, failure))

    @property
    def recording(self) -> Recording:
        """What has happened so far; a run in progress ends in the present cycle."""
        decoder = _Decoder()
        events: Iterable[tuple[int, int, Any]] = heapq.merge(
            ((int(cycle), _ACTIVITY, int(value)) for cycle, value in self._activity.events),
            ((int(cycle), _RETIRED, int(value)) for cycle, value in self._retired.events),
            self._failures,
        )
        for cycle, kind, value in events:
            if kind == _ACTIVITY:
                decoder.act(cycle, ACTIVITY.from_bits(value))
            elif kind == _RETIRED:
                decoder.retire(cycle, value)
            else:
                decoder.fail(value)
        decoder.finish(self._simulation.cycle)
        return decoder.recording


class _Decoder:
    """Follows events cycle by cycle; of one cycle, that of `activity` comes first."""

    def __init__(self) -> None:
        self.recording = Recording()
        self._running = False
        self._begin = 0
        self._end = 0
        self._shift = 0  # from a cycle of the simulation to one of the recording
        self._started: list[deque[int]] = []
        self._stalled: dict[Unit, int] = {}
        self._waiting: list[int] = []

    def act(self, cycle: int, event: Any) -> None:
        """Take an event of `activity`."""
        if event.running and not self._running:
            self._running, self._begin, self._shift = True, self._end, self._end - cycle
            self._started = [deque() for _ in Unit]
            self._waiting = [0] * len(Unit)
        elif not self._running:
            return
        now = cycle + self._shift
        if not event.running:
            self._close(now)
            return
        for unit in Unit:
            bit = 1 << unit.value
            if event.started & bit:
                self._started[unit.value].append(now)
                if unit is not Unit.SYS:
                    self._wait(now, unit, -1)
            if event.dispatched & bit:
                self._wait(now + 1, unit, 1)
            if event.stalled & bit:
                self._stalled.setdefault(unit, now)
            elif unit in self._stalled:
                self.recording.stalled[unit].append((self._stalled.pop(unit), now))

    def retire(self, cycle: int, value: int) -> None:
        """Take an event of `retired`."""
        if not self._running:
            return  # in the cycle in which another unit's failure has ended the run
        for unit in Unit:
            row = RETIRED.from_bits(value >> RETIRED.size * unit.value & (1 << RETIRED.size) - 1)
            if row.valid:
                start, end = self._started[unit.value].popleft(), cycle + self._shift + 1
                self.recording.retired.append(Retired(row.pc, unit, start, end))

    def fail(self, failure: Failure) -> None:
        """Take the error record of the run that has ended."""
        unit, pc, error = failure
        start = next(iter(self._started[unit.value]), self._end)
        self.recording.retired.append(Retired(pc, unit, start, self._end, error))

    def finish(self, cycle: int) -> None:
        """End the run in progress, if there is one."""
        if self._running:
            self._close(cycle + self._shift)

    def _close(self, now: int) -> None:
        self._running, self._end = False, now
        self.recording.runs.append((self._begin, now))
        for unit, since in self._stalled.items():
            self.recording.stalled[unit].append((since, now))
        self._stalled.clear()
        for unit, count in zip(Unit, self._waiting, strict=True):
            if count:
                self.recording.waiting[unit].append((now, 0))

    def _wait(self, cycle: int, unit: Unit, change: int) -> None:
        self._waiting[unit.value] += change
        self.recording.waiting[unit].append((cycle, self._waiting[unit.value]))
