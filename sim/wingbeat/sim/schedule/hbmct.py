"""HBMCT: hybrid heuristic with balanced minimum completion time.

R. Sakellariou, H. Zhao, "A hybrid heuristic for DAG scheduling on heterogeneous systems", IPDPS,
2004.
"""

from __future__ import annotations

from wingbeat.sim.schedule.plan import Plan
from wingbeat.sim.schedule.ranks import by_rank, upward
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule


class Hbmct:
    """Tasks by descending upward rank, in groups of independent ones; each group is balanced.

    Each task of a group is first put where it would finish first, if it were the only one; then
    tasks move away from the element that finishes last, as long as the group gains by it.
    """

    def plan(self, graph: Graph) -> Schedule:
        """Return a schedule of a job that has the machine for itself."""
        plan = Plan(graph)
        for group in _groups(graph):
            _Group(plan, group).balance()
        return plan.schedule()


def _groups(graph: Graph) -> list[list[int]]:
    groups: list[list[int]] = [[]]
    for task in by_rank(graph, upward(graph)):
        if any(before in groups[-1] for before, _ in graph.predecessors[task]):
            groups.append([])
        groups[-1].append(task)
    return groups


class _Group:
    """Independent tasks, and on which element each is."""

    def __init__(self, plan: Plan, tasks: list[int]) -> None:
        self._plan = plan
        self._costs = plan.graph.costs
        self._data = {task: plan.data_at(task) for task in tasks}
        self._on: list[list[int]] = [[] for _ in plan.graph.machine.elements]
        for task in tasks:
            _, element = min((self._alone(task, e), e) for e in plan.graph.supported[task])
            self._on[element].append(task)

    def _alone(self, task: int, element: int) -> int:
        """Return when a task would finish, if it were the only one of its group."""
        return self._times(element, [task])[-1]

    def balance(self) -> None:
        """Move tasks until nothing is gained, and place them."""
        ends = [self._times(element, tasks)[-1] for element, tasks in enumerate(self._on)]
        while True:
            last = max(ends)
            source = ends.index(last)
            moves = [
                (max(without, self._times(sink, [*self._on[sink], task])[-1]), task, sink)
                for task in self._on[source]
                for without in [self._times(source, [t for t in self._on[source] if t != task])[-1]]
                for sink in self._plan.graph.supported[task]
                if sink != source
            ]
            best, task, sink = min(moves, default=(last, 0, 0))
            if best >= last:
                break
            self._on[source].remove(task)
            self._on[sink].append(task)
            for element in (source, sink):
                ends[element] = self._times(element, self._on[element])[-1]
        for element, tasks in enumerate(self._on):
            times = self._times(element, tasks)[1:]
            for task, finish in zip(self._by_data(element, tasks), times, strict=True):
                self._plan.place(task, element, finish)

    def _by_data(self, element: int, tasks: list[int]) -> list[int]:
        return sorted(tasks, key=lambda task: self._data[task][element])

    def _times(self, element: int, tasks: list[int]) -> list[int]:
        """Return when the element is available, then the finish of each task, by data."""
        times = [self._plan.available(element)]
        for task in self._by_data(element, tasks):
            start = max(times[-1], self._data[task][element])
            times.append(start + self._costs[task][element])
        return times
