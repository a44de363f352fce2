"""SRPT: the job with the shortest remaining processing time first.

The rule that is optimal for mean latency on a single machine with preemption (L. Schrage, "A proof
of the optimality of the shortest remaining processing time discipline", Operations Research 16(3),
1968), carried over to jobs of tasks. Ours, for the comparison: it looks at jobs, ETF at tasks.
"""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.state import NONE, JobRun, State


class Srpt:
    """Ready tasks by what is left of their jobs, each to the element where it finishes first.

    What is left is the sum of the least costs of the tasks that are not finished. As with
    `etf_late`, a task is placed only on an element that has nothing to do; the others wait.
    """

    def __init__(self) -> None:
        self._least: dict[Graph, list[int]] = {}

    def decide(self, state: State) -> Iterator[Placement]:
        """Place at most one task on each element that has none."""
        available = state.available()
        left = {job: self._left(state, state.jobs[job]) for job in state.live}
        for task in sorted(state.ready, key=lambda ready: left[state.job[ready]]):
            costs, data = state.costs(task), state.data_at(task)
            finish, number = min(
                (max(available[e], data[e]) + costs[e], e) for e in state.supported(task)
            )
            available[number] = finish
            element = state.elements[number]
            if element.running == NONE and not element.queue:
                yield task, number

    def _left(self, state: State, run: JobRun) -> int:
        least = self._least.get(run.graph)
        if least is None:
            least = self._least[run.graph] = [min(row) for row in run.graph.costs]
        return sum(cost for task, cost in enumerate(least, run.first) if state.finish[task] == NONE)
