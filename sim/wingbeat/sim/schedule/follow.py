"""A planner as a scheduler of a stream: each job is planned alone, and its plan followed."""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.sim.schedule.protocol import Placement, Planner
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule
from wingbeat.sim.soc.state import NONE, State


class Follow:
    """Places each task where its job's plan puts it, in the order of the plan.

    A task is committed once the task before it on that element, in the plan of the same job, has
    started. Jobs share elements first come first served. Without noise, a job that is alone ends
    when its plan says.

    Parameters
    ----------
    planner : plans each graph once
    """

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._plans: dict[Graph, tuple[Schedule, list[int]]] = {}

    def decide(self, state: State) -> Iterator[Placement]:
        """Place the ready tasks whose turn it is."""
        waiting = []
        for task in state.ready:
            run = state.jobs[state.job[task]]
            schedule, before = self._plan(run.graph)
            index = state.index[task]
            slot = schedule.slots[index]
            previous = NONE if before[index] == NONE else run.first + before[index]
            waiting.append((run.arrival + slot.start, task, slot.element, previous))
        for _, task, element, previous in sorted(waiting):
            if previous == NONE or state.start[previous] != NONE:
                yield task, element

    def _plan(self, graph: Graph) -> tuple[Schedule, list[int]]:
        """Return a graph's plan and, of each task, the one before it on its element."""
        known = self._plans.get(graph)
        if known is None:
            schedule = self._planner.plan(graph)
            last: dict[int, int] = {}
            before = [NONE] * len(graph)
            for task in sorted(
                graph.order, key=lambda t: (schedule.slots[t].start, schedule.slots[t].finish)
            ):
                element = schedule.slots[task].element
                before[task] = last.get(element, NONE)
                last[element] = task
            known = self._plans[graph] = schedule, before
        return known
