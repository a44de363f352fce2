"""A job bound to a machine, as the flat lists that emulator and schedulers run on."""

from __future__ import annotations

from collections.abc import Sequence

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.soc.machine import Machine, Transfer
from wingbeat.sim.soc.order import topological

UNSUPPORTED = 1 << 60
"""Cost of a task on an element that cannot execute it: later than anything."""


class Graph:
    """Tasks, numbered from 0, with their costs and what they wait for.

    Parameters
    ----------
    machine : the elements
    names : of each task
    costs : ticks, `[task][element]`; UNSUPPORTED where the element cannot execute the task
    edges : predecessor, successor, amount of data

    Attributes
    ----------
    supported : of each task, the elements that can execute it
    predecessors : of each task, its predecessors, each with the ticks of its data's transfer
    successors : of each task, its successors, each with the mean ticks of its data's transfer
    order : the tasks, each after all of its predecessors
    mean_cost : of each task, over the elements that can execute it

    Raises
    ------
    ScheduleError
        If a cost is negative, no element supports a task, or tasks wait in a circle.
    """

    def __init__(
        self,
        machine: Machine,
        names: Sequence[str],
        costs: Sequence[Sequence[int]],
        edges: Sequence[tuple[int, int, float]],
    ) -> None:
        self.machine = machine
        self.names = tuple(names)
        self.costs = [list(row) for row in costs]
        self.edges = tuple(edges)
        self.supported = [self._supported(task) for task in range(len(self.names))]
        self.mean_cost = [
            sum(row[element] for element in supported) / len(supported)
            for row, supported in zip(self.costs, self.supported, strict=True)
        ]
        self.predecessors: list[list[tuple[int, Transfer]]] = [[] for _ in self.names]
        self.successors: list[list[tuple[int, float]]] = [[] for _ in self.names]
        for before, after, volume in self.edges:
            self.predecessors[after].append((before, machine.transfer(volume)))
            self.successors[before].append((after, machine.mean_transfer(volume)))
        self.order = topological(self.names, [[task for task, _ in row] for row in self.successors])

    def __len__(self) -> int:
        return len(self.names)

    def _supported(self, task: int) -> tuple[int, ...]:
        row = self.costs[task]
        if min(row) < 0:
            element = self.machine.names[row.index(min(row))]
            raise ScheduleError(
                f"cost of task `{self.names[task]}` on `{element}` must be at least 0, "
                f"not {min(row)}"
            )
        supported = tuple(e for e, cost in enumerate(row) if cost < UNSUPPORTED)
        if not supported:
            raise ScheduleError(
                f"task `{self.names[task]}` must be supported by an element, and no element "
                f"of {', '.join(self.machine.names)} supports it"
            )
        return supported
