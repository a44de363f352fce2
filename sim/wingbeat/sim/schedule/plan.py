"""A schedule in the making: what list schedulers of whole jobs share."""

from __future__ import annotations

from bisect import bisect_right, insort

from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule, Slot
from wingbeat.sim.soc.state import NONE


class Plan:
    """Tasks placed so far, and the gaps between them on each element.

    Attributes
    ----------
    element, start, finish : of each task; NONE if it is not placed yet
    """

    def __init__(self, graph: Graph) -> None:
        count = len(graph)
        self.graph = graph
        self.element = [NONE] * count
        self.start = [NONE] * count
        self.finish = [NONE] * count
        self._starts: list[list[int]] = [[] for _ in graph.machine.elements]
        self._ends: list[list[int]] = [[] for _ in graph.machine.elements]

    def data_at(self, task: int) -> list[int]:
        """Return when the data of those of its predecessors that are placed are at each element."""
        arrivals = [0] * len(self._starts)
        for before, transfer in self.graph.predecessors[task]:
            element = self.element[before]
            if element != NONE:
                end = self.finish[before]
                arrivals = [
                    there if there > end + ticks else end + ticks
                    for there, ticks in zip(arrivals, transfer[element], strict=True)
                ]
        return arrivals

    def available(self, element: int) -> int:
        """Return when the last task that is placed on an element ends."""
        ends = self._ends[element]
        return ends[-1] if ends else 0

    def gap(self, element: int, time: int, cost: int) -> int:
        """Return the start of the first gap of a length on an element, not before a time."""
        starts, ends = self._starts[element], self._ends[element]
        for place in range(bisect_right(ends, time), len(ends)):
            if time + cost <= starts[place]:
                return time
            if ends[place] > time:
                time = ends[place]
        return time

    def finishes(self, task: int) -> list[tuple[int, int]]:
        """Return the earliest finish, and the element, on each element that supports a task."""
        arrivals, costs = self.data_at(task), self.graph.costs[task]
        return [
            (self.gap(element, arrivals[element], costs[element]) + costs[element], element)
            for element in self.graph.supported[task]
        ]

    def place(self, task: int, element: int, finish: int) -> None:
        """Place a task so that it ends at a time."""
        start = finish - self.graph.costs[task][element]
        self.element[task], self.start[task], self.finish[task] = element, start, finish
        insort(self._starts[element], start)
        insort(self._ends[element], finish)

    def remove(self, task: int) -> None:
        """Take a task back."""
        element = self.element[task]
        self._starts[element].remove(self.start[task])
        self._ends[element].remove(self.finish[task])
        self.element[task] = self.start[task] = self.finish[task] = NONE

    def schedule(self) -> Schedule:
        """Return the schedule, when all tasks are placed."""
        slots = zip(self.element, self.start, self.finish, strict=True)
        return Schedule(self.graph, tuple(Slot(*slot) for slot in slots))
