"""What an accelerator in simulation did, from its ports `retired` and `activity`."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wingbeat.hw.control import ErrorCode
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.rtl.sequencer.program import ACTIVITY, RETIRED
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.memory import MemoryPort
from wingbeat.sim.trace import Recording, Retired, Run, Traffic

WINDOW = 256
"""Cycles between two samples of the memory ports, at most."""

Failure = tuple[Unit, int, ErrorCode]
"""An error record: the unit, the instruction's pc, the reason."""

# kinds of events, in their order within a cycle
_SAMPLE, _ACTIVITY, _RETIRED, _FAILURE = range(4)

_VALID = sum(1 << RETIRED.size * unit.value for unit in Unit)


def _bits(name: str) -> int:
    """Return the mask of a field of ACTIVITY."""
    place = ACTIVITY[name]
    mask: int = ((1 << place.width) - 1) << place.offset
    return mask


class Recorder:
    """Notes what happens, cycle by cycle in C++, from its creation on.

    Parameters
    ----------
    simulation : of an `Accelerator`, in which no program runs
    ports : its memory
    beats : of a word of a port
    """

    def __init__(self, simulation: Simulation, ports: Sequence[MemoryPort], beats: int) -> None:
        self._simulation = simulation
        self._ports = ports
        self._beats = beats
        self._retired = simulation.probe("retired", pulses=_VALID)
        self._activity = simulation.probe(
            "activity",
            pulses=_bits("dispatched") | _bits("started"),
            levels=_bits("running") | _bits("stalled"),
        )
        self._starts: list[Mapping[str, int]] = []
        self._samples: list[tuple[int, int, Traffic]] = []
        self._failures: list[tuple[int, int, Failure]] = []
        self._first = self._count()
        self._sample()

    def start(self, arguments: Mapping[str, int]) -> None:
        """Note the arguments of the run that follows."""
        self._starts.append(dict(arguments))

    def step(self, cycles: int) -> None:
        """Step the simulation, and look at the memory ports every now and then."""
        while cycles > 0:
            self._simulation.step(min(cycles, WINDOW))
            self._sample()
            cycles -= WINDOW

    def fail(self, failure: Failure) -> None:
        """Note how the last run has failed."""
        self._failures.append((self._simulation.cycle, _FAILURE, failure))

    def _count(self) -> list[tuple[int, int]]:
        return [(port.words_read, port.words_written) for port in self._ports]

    def _sample(self) -> None:
        moved = [
            (self._beats * (now[0] - first[0]), self._beats * (now[1] - first[1]))
            for now, first in zip(self._count(), self._first, strict=True)
        ]
        read, written = (tuple(side) for side in zip(*moved, strict=True))
        cycle = self._simulation.cycle
        self._samples.append((cycle, _SAMPLE, Traffic(cycle, read, written)))

    @property
    def recording(self) -> Recording:
        """What has happened so far; a run in progress ends in the present cycle."""
        decoder = _Decoder(self._starts)
        events: Iterable[tuple[int, int, Any]] = heapq.merge(
            self._samples,
            ((int(cycle), _ACTIVITY, int(value)) for cycle, value in self._activity.events),
            ((int(cycle), _RETIRED, int(value)) for cycle, value in self._retired.events),
            self._failures,
            key=lambda event: event[:2],
        )
        for cycle, kind, value in events:
            if kind == _SAMPLE:
                decoder.sample(value)
            elif kind == _ACTIVITY:
                decoder.act(cycle, ACTIVITY.from_bits(value))
            elif kind == _RETIRED:
                decoder.retire(cycle, value)
            else:
                decoder.fail(value)
        decoder.finish(self._simulation.cycle)
        return decoder.recording


class _Decoder:
    """Follows events in order of cycles and kinds."""

    def __init__(self, starts: Sequence[Mapping[str, int]]) -> None:
        self.recording = Recording()
        self._starts = iter(starts)
        self._running = False
        self._end = 0
        self._shift = 0  # from a cycle of the simulation to one of the recording
        self._started: list[deque[int]] = []
        self._stalled: dict[Unit, int] = {}
        self._waiting: list[int] = []

    def sample(self, traffic: Traffic) -> None:
        """Take a sample of the memory ports."""
        now = traffic.cycle + self._shift if self._running else self._end
        self.recording.traffic.append(Traffic(now, traffic.read, traffic.written))

    def act(self, cycle: int, event: Any) -> None:
        """Take an event of `activity`."""
        if event.running and not self._running:
            self._running, self._shift = True, self._end - cycle
            self._started = [deque() for _ in Unit]
            self._waiting = [0] * len(Unit)
            run = Run(next(self._starts), self._end, self._end, {unit: [] for unit in Unit})
            self.recording.runs.append(run)
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
                self.recording.runs[-1].retired[unit].append(Retired(row.pc, unit, start, end))

    def fail(self, failure: Failure) -> None:
        """Take the error record of the run that has ended."""
        unit, pc, error = failure
        start = next(iter(self._started[unit.value]), self._end)
        row = Retired(pc, unit, start, self._end, error)
        self.recording.runs[-1].retired[unit].append(row)

    def finish(self, cycle: int) -> None:
        """End the run in progress, if there is one."""
        if self._running:
            self._close(cycle + self._shift)

    def _close(self, now: int) -> None:
        self._running, self._end = False, now
        self.recording.runs[-1].end = now
        for unit, since in self._stalled.items():
            self.recording.stalled[unit].append((since, now))
        self._stalled.clear()
        for unit, count in zip(Unit, self._waiting, strict=True):
            if count:
                self.recording.waiting[unit].append((now, 0))

    def _wait(self, cycle: int, unit: Unit, change: int) -> None:
        self._waiting[unit.value] += change
        self.recording.waiting[unit].append((cycle, self._waiting[unit.value]))
