"""The state of an emulator as the network sees it, kept up to date from one moment to the next.

Times are measured in the mean least cost of a task of the jobs that are there, and enter by their
logarithm, so the unit of time does not matter. Nothing is in here that could not be known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wingbeat.sim.schedule.learned.features import pair_features, queue_features, task_features
from wingbeat.sim.schedule.learned.graph_view import FAR, graph_view
from wingbeat.sim.schedule.learned.network import EMBEDDING, Network, Observation
from wingbeat.sim.schedule.learned.table import (
    EMBEDDING_PART,
    HIDDEN_PART,
    LEAST,
    Table,
)
from wingbeat.sim.soc.state import NONE, State

WORK, LEFT, ARRIVAL = EMBEDDING, EMBEDDING + 1, EMBEDDING + 2
"""Columns of a job behind its embedding: least ticks and share of its tasks that are not placed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A moment at which tasks could be placed.

    Attributes
    ----------
    seen : what the network is given
    tasks : ready tasks, the rows
    elements : free elements, the columns
    supported : which pairs there are
    must : nothing else will happen, so one must be placed
    """

    seen: Observation
    tasks: list[int]
    elements: list[int]
    supported: NDArray[np.bool_]
    must: bool


class View:
    """A state, and what follows from it that need not be computed each time.

    Parameters
    ----------
    state : of the emulator
    network : gives the embeddings
    """

    def __init__(self, state: State, network: Network) -> None:
        self.state = state
        self._network = network
        count = len(state.elements)
        self._count = count
        self._table = Table(count, network)
        self._jobs = np.zeros((64, ARRIVAL + 1))
        self._base: list[int] = []
        self._scale: list[float] = []
        self._pressure = np.zeros(count)
        self._embedding = np.zeros(EMBEDDING)
        self._work = 0.0

    def placed(self, task: int) -> None:
        """Take note that a task has been placed."""
        job = self.state.job[task]
        row = self._table.rows[self._base[job] + self.state.index[task]]
        size = len(self.state.jobs[job].graph)
        part = row[EMBEDDING_PART] / size
        record = self._jobs[job]
        record[:EMBEDDING] -= part
        record[WORK] -= row[LEAST]
        record[LEFT] -= 1.0 / size
        self._embedding -= part
        self._work -= row[LEAST]
        self._pressure -= row[self._table.share]

    def _arrived(self) -> None:
        """Take note of jobs that are new."""
        state = self.state
        for job in range(len(self._base), len(state.jobs)):
            run = state.jobs[job]
            graph = run.graph
            base = self._table.base(graph)
            self._base.append(base)
            self._scale.append(graph_view(graph).scale)
            if job == len(self._jobs):
                self._jobs = np.concatenate([self._jobs, np.zeros_like(self._jobs)])
            rows = self._table.rows[base : base + len(graph)]
            mean = rows[:, EMBEDDING_PART].mean(axis=0)
            work = float(rows[:, LEAST].sum())
            self._jobs[job] = [*mean, work, 1.0, run.arrival]
            self._embedding += mean
            self._work += work
            self._pressure += rows[:, self._table.share].sum(axis=0)
            for task in range(run.first, run.first + len(graph)):
                if state.element[task] != NONE:
                    self.placed(task)

    def choice(self) -> Choice | None:
        """Return what there is to choose from; None if no task is ready or no element is free."""
        state = self.state
        self._arrived()
        free = [
            number
            for number, element in enumerate(state.elements)
            if element.running == NONE and not element.queue
        ]
        tasks = state.ready
        if not free or not tasks:
            return None
        now, count = state.now, self._count
        live = {job: place for place, job in enumerate(state.live)}
        unit = 1.0 / (sum(self._scale[job] for job in live) / len(live))
        jobs = [state.job[task] for task in tasks]
        rows = self._table.rows[
            [self._base[job] + state.index[task] for job, task in zip(jobs, tasks, strict=True)]
        ]
        data = np.array([state.data_at(task) for task in tasks], float)
        data = np.maximum(data - now, 0.0)
        available = np.array(state.available(), float) - now
        records = self._jobs[jobs]
        seen = Observation(
            pair_features(
                self._table, rows, data, available, free, self._pressure / len(live), unit
            ),
            task_features(
                rows,
                data.min(axis=1),
                now - records[:, ARRIVAL],
                records[:, WORK],
                records[:, LEFT],
                np.array([live[job] for job in jobs], float) / len(live),
                jobs,
                unit,
            ),
            queue_features(available, len(free), len(tasks), len(live), self._work, unit),
            rows[:, HIDDEN_PART],
            records[:, :EMBEDDING],
            self._embedding / len(live),
        )
        must = len(free) == count
        supported = rows[:, self._table.costs][:, free] < FAR
        return Choice(seen, list(tasks), free, supported, must)
