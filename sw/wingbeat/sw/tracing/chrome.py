"""A recording as a timeline in Chrome's trace format, which Perfetto opens.

The format is that of "Trace Event Format" (Google, JSON object form); times are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.disassembler import line
from wingbeat.hw.isa.instructions import Store, StoreKind, Unit
from wingbeat.hw.isa.mnemonics import mnemonic
from wingbeat.sim.trace import Recording
from wingbeat.sw.tracing.bandwidth import Window
from wingbeat.sw.tracing.replay import Step, apart

Event = dict[str, Any]

_PROCESS = 1
_RUNS = len(Unit)
"""Track of the runs, behind those of the units."""


class Timeline:
    """Makes the events of a timeline.

    A unit may have several instructions in progress, which end in order. A slice of its track
    begins where the one before ends, or where the instruction starts, if that is later: so slices
    do not overlap. The instruction's own `start` is an argument of its slice.

    Parameters
    ----------
    config : the machine; its clock turns cycles into microseconds
    purposes : of each instruction of the program, what it is for
    """

    def __init__(self, config: AcceleratorConfig, purposes: Sequence[str]) -> None:
        self._clock = config.clock_mhz
        self._purposes = purposes

    def document(
        self, recording: Recording, steps: Sequence[Step], windows: Sequence[Window]
    ) -> dict[str, Any]:
        """Return the object that is to be written as JSON.

        Parameters
        ----------
        recording : of the device
        steps : its instructions
        windows : use of the memory ports
        """
        return {
            "displayTimeUnit": "ns",
            "otherData": {"clock_mhz": self._clock},
            "traceEvents": [
                *self._names(),
                *self._runs(recording),
                *self._slices(steps),
                *self._stalls(recording),
                *self._tokens(steps),
                *self._queues(recording),
                *self._ports(windows, "%" if recording.traffic else "%, estimated"),
            ],
        }

    def _names(self) -> Iterator[Event]:
        yield self._event("M", "process_name", args={"name": "wingbeat"})
        for track, name in enumerate([*(unit.name for unit in Unit), "runs"]):
            yield self._event("M", "thread_name", track, args={"name": name})
            yield self._event("M", "thread_sort_index", track, args={"sort_index": track})

    def _runs(self, recording: Recording) -> Iterator[Event]:
        for run in recording.runs:
            yield self._slice("run", _RUNS, run.begin, run.end, dict(run.arguments))

    def _slices(self, steps: Sequence[Step]) -> Iterator[Event]:
        for step, begin in apart(steps):
            row = step.retired
            arguments = {
                "pc": row.pc,
                "purpose": self._purposes[row.pc],
                "start": row.start,
                "end": row.end,
                "cycles": row.end - row.start,
                "bytes": step.bytes,
                "status": row.status.name,
                "loops": list(step.loops),
            }
            name = " ".join(line(step.instruction).split())
            event = self._slice(name, row.unit.value, begin, row.end, arguments)
            yield event | {"cat": mnemonic(step.instruction)}

    def _stalls(self, recording: Recording) -> Iterator[Event]:
        for unit, spans in recording.stalled.items():
            what = "waits for room in a queue" if unit is Unit.SYS else "waits for tokens"
            for start, end in spans:
                yield self._slice(what, unit.value, start, end, {"cycles": end - start}) | {
                    "cat": "wait",
                    "cname": "grey",
                }

    def _tokens(self, steps: Sequence[Step]) -> Iterator[Event]:
        count = 0
        for step in steps:
            if isinstance(step.instruction, Store) and step.instruction.kind is StoreKind.PUBLISH:
                count += 1
                yield self._event("i", f"token {count}", _RUNS, step.retired.end) | {"s": "p"}

    def _queues(self, recording: Recording) -> Iterator[Event]:
        for unit, levels in recording.waiting.items():
            for cycle, count in levels:
                args = {"instructions": count}
                yield self._event("C", f"{unit.name} queue", at=cycle, args=args)

    def _ports(self, windows: Sequence[Window], what: str) -> Iterator[Event]:
        for window in windows:
            for port, shares in enumerate(zip(window.read, window.written, strict=True)):
                args = dict(
                    zip(("read", "written"), (round(100 * s, 1) for s in shares), strict=True)
                )
                yield self._event("C", f"memory port {port} {what}", at=window.begin, args=args)
        for port in range(len(windows[-1].read) if windows else 0):
            args = {"read": 0.0, "written": 0.0}
            yield self._event("C", f"memory port {port} {what}", at=windows[-1].end, args=args)

    def _slice(self, name: str, track: int, begin: int, end: int, args: Event) -> Event:
        return self._event("X", name, track, begin, args) | {"dur": self._time(end - begin)}

    def _event(
        self, kind: str, name: str, track: int = 0, at: int = 0, args: Event | None = None
    ) -> Event:
        event = {"ph": kind, "name": name, "pid": _PROCESS, "tid": track, "ts": self._time(at)}
        return event | {"args": args or {}}

    def _time(self, cycles: int) -> float:
        """Return microseconds."""
        return round(cycles / self._clock, 6)
