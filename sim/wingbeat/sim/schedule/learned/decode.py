"""Many list schedules of one job at once: from orders and elements to finishes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wingbeat.sim.schedule.learned.graph_view import FAR
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule, Slot

Integers = NDArray[np.int64]


class Decoder:
    """A job, as arrays that the search gathers from.

    Parameters
    ----------
    graph : the job

    Attributes
    ----------
    costs : ticks, `(tasks, elements)`
    predecessors : of each task, filled up with the number of tasks, which stands for none
    transfers : ticks to each task from each of its predecessors, between any two elements
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        count, elements = len(graph), len(graph.machine.names)
        most = max(1, *map(len, graph.predecessors))
        self.costs: Integers = np.minimum(np.array(graph.costs, np.int64), int(FAR))
        self.predecessors = np.full((count, most), count)
        self.transfers = np.zeros((count, most, elements, elements), np.int64)
        for task, row in enumerate(graph.predecessors):
            for place, (before, ticks) in enumerate(row):
                self.predecessors[task, place] = before
                self.transfers[task, place] = ticks

    def finishes(self, orders: Integers, elements: Integers) -> Integers:
        """Return when each task ends, `(schedules, tasks)`, if each starts as early as it can.

        Parameters
        ----------
        orders : of each schedule, its tasks, each after its predecessors
        elements : of each schedule, the element of each task
        """
        many, count = orders.shape
        width = self.costs.shape[1]
        finish = np.zeros(many * (count + 1), np.int64)
        available = np.zeros(many * width, np.int64)
        first = np.arange(many)[:, None] * (count + 1)
        padded = np.concatenate([elements, np.zeros((many, 1), np.int64)], axis=1).ravel()
        chosen = np.take_along_axis(elements, orders, axis=1)
        befores = self.predecessors[orders] + first[:, :, None]
        transfers = self.transfers[
            orders[:, :, None],
            np.arange(befores.shape[2]),
            padded[befores],
            chosen[:, :, None],
        ]
        # by position in the order, so that each step below reads what is contiguous
        befores = np.ascontiguousarray(befores.transpose(1, 0, 2))
        transfers = np.ascontiguousarray(transfers.transpose(1, 0, 2))
        costs = np.ascontiguousarray(self.costs[orders, chosen].T)
        tasks = np.ascontiguousarray((orders + first).T)
        places = np.ascontiguousarray((chosen + np.arange(many)[:, None] * width).T)
        for step in range(count):
            there = finish[befores[step]]
            there += transfers[step]
            time = there.max(axis=1)
            np.maximum(time, available[places[step]], out=time)
            time += costs[step]
            finish[tasks[step]] = time
            available[places[step]] = time
        return finish.reshape(many, count + 1)[:, :count]

    def critical(self, order: Integers, elements: Integers, finish: Integers) -> Integers:
        """Return the tasks of one schedule on a chain without gaps that ends last."""
        previous: dict[int, int] = {}
        last: dict[int, int] = {}
        places = elements.tolist()
        for task in order.tolist():
            if places[task] in last:
                previous[task] = last[places[task]]
            last[places[task]] = task
        ends = finish.tolist()
        task, chain = int(finish.argmax()), []
        while True:
            chain.append(task)
            start = ends[task] - self.graph.costs[task][places[task]]
            if task in previous and ends[previous[task]] == start:
                task = previous[task]
                continue
            for before, ticks in self.graph.predecessors[task]:
                if ends[before] + ticks[places[before]][places[task]] == start:
                    task = before
                    break
            else:
                return np.array(chain)

    def schedule(self, elements: Integers, finish: Integers) -> Schedule:
        """Return one of the schedules."""
        slots = []
        for costs, element, end in zip(
            self.graph.costs, elements.tolist(), finish.tolist(), strict=True
        ):
            slots.append(Slot(element, end - costs[element], end))
        return Schedule(self.graph, tuple(slots))
