"""The two small protocols that all schedulers are behind, and the loop that runs one.

A `Scheduler` decides as a run goes on; a `Planner` maps a whole job before it starts. Each can
serve as the other: `offline` lets a scheduler plan a job by emulating it alone, and
`wingbeat.sim.schedule.follow` lets a planner schedule a stream.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule, recorded
from wingbeat.sim.soc.state import State
from wingbeat.sim.soc.workload import trace

Placement = tuple[int, int]
"""A ready task and the element that is to execute it."""


class Scheduler(Protocol):
    """Orders and places ready tasks."""

    def decide(self, state: State) -> Iterable[Placement]:
        """Return tasks of `state.ready` and where they go, in the order of commitment.

        A task that is left out waits until the next event. It is called whenever a task is ready
        and something has happened. A generator sees each of its placements in the state before it
        makes the next.
        """


class Planner(Protocol):
    """Schedules a whole job at once."""

    def plan(self, graph: Graph) -> Schedule:
        """Return a schedule of a job that has the machine for itself."""


def run(emulator: Emulator, scheduler: Scheduler) -> None:
    """Let a scheduler decide until the end of a run."""
    while emulator.advance():
        for task, element in scheduler.decide(emulator.state):
            emulator.commit(task, element)


def offline(graph: Graph, scheduler: Scheduler) -> Schedule:
    """Return the schedule that a scheduler makes of one job that has the machine for itself."""
    emulator = Emulator(graph.machine, trace([(0, graph)]))
    run(emulator, scheduler)
    return recorded(emulator.state)[0]
