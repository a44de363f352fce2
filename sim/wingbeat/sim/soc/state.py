"""What a scheduler sees: jobs, tasks and elements at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.machine import Machine

NONE = -1
"""No task, no element, no time yet."""


@dataclass(slots=True)
class JobRun:
    """A job in the system.

    Attributes
    ----------
    graph : its tasks
    arrival : ticks
    first : number of its first task; task `t` of the graph has number `first + t`
    unfinished : how many of its tasks are not finished
    finish : ticks, or NONE
    """

    graph: Graph
    arrival: int
    first: int
    unfinished: int
    finish: int = NONE


@dataclass(slots=True)
class Element:
    """A processing element.

    Attributes
    ----------
    running : task, or NONE
    queue : tasks that are committed to it, in the order of their commitment; when it is free it
        starts the first whose data have arrived
    busy : ticks that it has executed tasks, up to the last one that finished
    """

    running: int = NONE
    queue: list[int] = field(default_factory=list)
    busy: int = 0


class State:
    """Jobs, tasks and elements.

    Only what could be known at the moment is in here: durations are what tasks cost on average,
    until they are finished.

    Parameters
    ----------
    machine : the elements

    Attributes
    ----------
    now : ticks
    jobs : all jobs that were let in, in the order of their arrival
    live : numbers of the jobs that are not finished, in that order
    ready : tasks whose predecessors are finished and that are not committed, first come first
    elements : processing elements
    job, index : of each task, its job's number and its own number in that job's graph
    element, start, finish : of each task: where it is committed to, when it started, and when it
        was finished; NONE if it has not been yet
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.now = 0
        self.jobs: list[JobRun] = []
        self.live: list[int] = []
        self.ready: list[int] = []
        self.elements = [Element() for _ in machine.elements]
        self.job: list[int] = []
        self.index: list[int] = []
        self.element: list[int] = []
        self.start: list[int] = []
        self.finish: list[int] = []
        self._arrivals: dict[int, list[int]] = {}

    def costs(self, task: int) -> list[int]:
        """Return the ticks of a task on each element; UNSUPPORTED where it cannot be executed."""
        return self.jobs[self.job[task]].graph.costs[self.index[task]]

    def supported(self, task: int) -> tuple[int, ...]:
        """Return the elements that can execute a task."""
        return self.jobs[self.job[task]].graph.supported[self.index[task]]

    def data_at(self, task: int) -> list[int]:
        """Return when the data of a ready task are at each element.

        A result travels from the tick in which it is finished, to wherever it will be needed:
        the model of the literature on list scheduling, and of DS3.
        """
        arrivals = self._arrivals.get(task)
        if arrivals is None:
            run = self.jobs[self.job[task]]
            arrivals = [run.arrival] * len(self.elements)
            for before, transfer in run.graph.predecessors[self.index[task]]:
                number = run.first + before
                finish = self.finish[number]
                arrivals = [
                    max(arrival, finish + ticks)
                    for arrival, ticks in zip(arrivals, transfer[self.element[number]], strict=True)
                ]
            self._arrivals[task] = arrivals
        return arrivals

    def available(self) -> list[int]:
        """Return when each element is expected to have finished all that it is committed to.

        Never earlier than now; a task that takes longer than it costs is expected to end now.
        """
        return [self._available(number) for number in self.machine.elements]

    def _available(self, number: int) -> int:
        element = self.elements[number]
        time = self.now
        if element.running != NONE:
            task = element.running
            time = max(time, self.start[task] + self.costs(task)[number])
        for task in element.queue:
            time = max(time, self.data_at(task)[number]) + self.costs(task)[number]
        return time

    def forget(self, task: int) -> None:
        """Drop what is remembered of a task that has started."""
        self._arrivals.pop(task, None)
