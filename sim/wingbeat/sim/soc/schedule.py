"""A schedule of jobs, and the independent check of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph
from wingbeat.sim.soc.state import NONE, State


@dataclass(frozen=True)
class Slot:
    """Where and when a task is executed, in ticks."""

    element: int
    start: int
    finish: int


@dataclass(frozen=True)
class Schedule:
    """Where and when each task of one job is executed.

    Attributes
    ----------
    graph : the job
    slots : of each task
    """

    graph: Graph
    slots: tuple[Slot, ...]

    @property
    def makespan(self) -> int:
        """Ticks until the last task is finished."""
        return max(slot.finish for slot in self.slots)


def recorded(state: State) -> list[Schedule]:
    """Return the schedules of all finished jobs of a run."""
    return [
        Schedule(
            run.graph,
            tuple(
                Slot(state.element[task], state.start[task], state.finish[task])
                for task in range(run.first, run.first + len(run.graph))
            ),
        )
        for run in state.jobs
        if run.finish != NONE
    ]


def check(schedules: Sequence[Schedule], *, exact: bool = True) -> None:
    """Raise unless jobs that share a machine can be executed as they are scheduled.

    This looks at nothing but costs, edges and bandwidth: no scheduler and no emulator is asked.

    Parameters
    ----------
    schedules : of jobs on one machine
    exact : each task takes what it costs; False: it may take longer or shorter, by noise

    Raises
    ------
    ScheduleError
        Naming the rule that is broken: support, duration, precedence, transfer or overlap.
    """
    uses: dict[int, list[tuple[int, int, str]]] = {}
    for schedule in schedules:
        graph = schedule.graph
        for name, costs, slot in zip(graph.names, graph.costs, schedule.slots, strict=True):
            cost = costs[slot.element]
            if cost >= UNSUPPORTED:
                raise ScheduleError(f"task `{name}` is on element {slot.element}, unsupported")
            if slot.finish < slot.start or (exact and slot.finish - slot.start != cost):
                raise ScheduleError(
                    f"task `{name}` must take {cost} ticks, not {slot.finish - slot.start}"
                )
            uses.setdefault(slot.element, []).append((slot.start, slot.finish, name))
        for before, after, volume in graph.edges:
            one, other = schedule.slots[before], schedule.slots[after]
            rate = graph.machine.bandwidth[one.element][other.element]
            there = one.finish + (0 if one.element == other.element else int(volume / rate))
            if other.start < there:
                raise ScheduleError(
                    f"task `{graph.names[after]}` must not start before {there}, when the data "
                    f"of `{graph.names[before]}` are there, and it starts at {other.start}"
                )
    for element, slots in uses.items():
        end, name = 0, ""
        for start, finish, following in sorted(slots):
            if start < end and start < finish:
                raise ScheduleError(
                    f"tasks `{name}` and `{following}` overlap on element {element} at {start}"
                )
            if finish > end:
                end, name = finish, following
