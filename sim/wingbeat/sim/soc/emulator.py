"""The emulator: jobs arrive, a scheduler commits their tasks to elements, elements execute them.

Time is whole ticks. At each tick, in this order: tasks finish, jobs arrive, the scheduler is
asked, elements that are free start tasks. Everything is determined by the arrivals and the seed.
"""

from __future__ import annotations

import random
from heapq import heappop, heappush

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph
from wingbeat.sim.soc.machine import Machine
from wingbeat.sim.soc.state import NONE, JobRun, State
from wingbeat.sim.soc.workload import Admission, Arrivals

_FINISH, _ARRIVE, _DATA = range(3)
"""Kinds of events, in the order in which those of one tick happen."""


class Emulator:
    """A machine, the jobs that arrive, and how they get on.

    A loop of `advance`, and `commit` for each task that the scheduler places, is a run. A ready
    task that is not committed waits; the scheduler is asked again at the next event.

    Parameters
    ----------
    machine : the elements
    arrivals : the jobs
    admission : which jobs are let in
    noise : standard deviation of a task's duration, as a share of its cost on the element. The
        duration is `max(round(gauss(cost, noise * cost)), 1)`; a task without cost takes no time.
        A job's noise is drawn when it arrives, so it is the same for every scheduler.
    seed : of the noise
    horizon : the run ends before this tick; None: when nothing is left to be done

    Attributes
    ----------
    state : what a scheduler sees
    rejected : jobs that were turned away
    """

    def __init__(
        self,
        machine: Machine,
        arrivals: Arrivals,
        admission: Admission = Admission(),  # noqa: B008 - frozen
        *,
        noise: float = 0.0,
        seed: int = 0,
        horizon: int | None = None,
    ) -> None:
        self.state = State(machine)
        self.rejected = 0
        self.horizon = horizon
        self._arrivals = arrivals
        self._admission = admission
        self._noise = noise
        self._draw = random.Random(f"noise {seed}")
        self._deviation: list[float] = []
        self._missing: list[int] = []
        self._events: list[tuple[int, int, int]] = []
        self._next: Graph | None = None
        if admission.filled:
            for _ in range(admission.limit or 0):
                self._let_in(next(arrivals)[1])
        self._fetch()
        if self.state.ready:
            heappush(self._events, (0, _DATA, 0))

    def advance(self) -> bool:
        """Go to the next tick at which a task is ready; False at the end of the run.

        Raises
        ------
        ScheduleError
            If the scheduler waits, although nothing will ever happen.
        """
        state, events = self.state, self._events
        while events:
            now = events[0][0]
            if self.horizon is not None and now >= self.horizon:
                state.now = self.horizon
                return False
            state.now = now
            while events and events[0][0] == now:
                _, kind, number = heappop(events)
                if kind == _FINISH:
                    self._finish(number)
                elif kind == _ARRIVE:
                    self._arrive()
                else:
                    self._dispatch(number)
            if state.ready:
                return True
        if state.ready:
            raise ScheduleError(
                f"a scheduler must not wait when nothing else will happen, and it waits with "
                f"{len(state.ready)} tasks ready at tick {state.now}"
            )
        return False

    def commit(self, task: int, element: int) -> None:
        """Place a ready task on an element, behind what the element is committed to.

        Raises
        ------
        ScheduleError
            If the task is not ready, or the element does not support it.
        """
        state = self.state
        if task not in state.ready:
            raise ScheduleError(f"a task must be ready to be placed, and task {task} is not")
        if state.costs(task)[element] >= UNSUPPORTED:
            name = state.jobs[state.job[task]].graph.names[state.index[task]]
            raise ScheduleError(
                f"task `{name}` must be placed on an element that supports it, "
                f"not on `{state.machine.names[element]}`"
            )
        state.ready.remove(task)
        state.element[task] = element
        state.elements[element].queue.append(task)
        arrival = state.data_at(task)[element]
        if arrival > state.now:
            heappush(self._events, (arrival, _DATA, element))
        else:
            self._dispatch(element)

    def _dispatch(self, number: int) -> None:
        """Start a task, if the element is free and the data of one are there."""
        state = self.state
        element = state.elements[number]
        if element.running != NONE:
            return
        now = state.now
        for place, task in enumerate(element.queue):
            if state.data_at(task)[number] <= now:
                del element.queue[place]
                element.running = task
                state.start[task] = now
                state.forget(task)
                heappush(self._events, (now + self._duration(task, number), _FINISH, task))
                return

    def _duration(self, task: int, element: int) -> int:
        cost = self.state.costs(task)[element]
        if not self._noise or not cost:
            return cost
        return max(round(cost + cost * self._noise * self._deviation[task]), 1)

    def _finish(self, task: int) -> None:
        state = self.state
        now = state.now
        number = state.element[task]
        element = state.elements[number]
        element.running = NONE
        element.busy += now - state.start[task]
        state.finish[task] = now
        job = state.job[task]
        run = state.jobs[job]
        for successor, _ in run.graph.successors[state.index[task]]:
            following = run.first + successor
            self._missing[following] -= 1
            if not self._missing[following]:
                state.ready.append(following)
        run.unfinished -= 1
        if not run.unfinished:
            run.finish = now
            state.live.remove(job)
        self._dispatch(number)

    def _arrive(self) -> None:
        admission = self._admission
        if admission.limit is not None and len(self.state.live) >= admission.limit:
            self.rejected += 1
        elif self._next is not None:
            self._let_in(self._next)
        self._fetch()

    def _fetch(self) -> None:
        """Take the next job from the source."""
        gap, self._next = next(self._arrivals, (0, None))
        if self._next is not None:
            heappush(self._events, (self.state.now + gap, _ARRIVE, 0))

    def _let_in(self, graph: Graph) -> None:
        state = self.state
        job, first, count = len(state.jobs), len(state.job), len(graph)
        state.jobs.append(JobRun(graph, state.now, first, count))
        state.live.append(job)
        state.job.extend([job] * count)
        state.index.extend(range(count))
        for times in (state.element, state.start, state.finish):
            times.extend([NONE] * count)
        if self._noise:
            self._deviation.extend(self._draw.gauss(0.0, 1.0) for _ in range(count))
        for task, predecessors in enumerate(graph.predecessors):
            self._missing.append(len(predecessors))
            if not predecessors:
                state.ready.append(first + task)
