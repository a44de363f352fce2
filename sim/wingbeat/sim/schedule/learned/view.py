"""The state of an emulator as the network sees it, kept up to date from one moment to the next.

Times are measured in the mean least cost of a task of the jobs that are there, and enter by their
logarithm, so the unit of time does not matter. Nothing is in here that could not be known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wingbeat.sim.schedule.learned.graph_view import FAR, graph_view
from wingbeat.sim.schedule.learned.network import (
    EMBEDDING,
    PAIR_FEATURES,
    QUEUE_FEATURES,
    TASK_FEATURES,
    Network,
    Observation,
)
from wingbeat.sim.schedule.learned.table import (
    EMBEDDING_PART,
    FAN_OUT,
    HIDDEN_PART,
    LEAST,
    RANK,
    Table,
)
from wingbeat.sim.soc.state import NONE, State

FARTHEST = 50.0
"""Where regrets are cut off, in units of time."""


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
        self._jobs = np.zeros((64, EMBEDDING + 3))
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
        record[EMBEDDING] -= row[LEAST]
        record[EMBEDDING + 1] -= 1.0 / size
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
        costs, outlook = rows[:, self._table.costs], rows[:, self._table.outlook]
        least, rank = rows[:, LEAST], rows[:, RANK]
        data = np.array([state.data_at(task) for task in tasks], float)
        data -= now
        np.maximum(data, 0.0, out=data)
        available = np.array(state.available(), float)
        available -= now
        finish = np.maximum(data, available)
        finish += costs
        whole = finish + outlook
        if count > 1:
            two = np.partition(finish, 1, axis=1)
            best, second = two[:, :1], two[:, 1:2]
        else:
            best = second = finish
        shares = rows[:, self._table.share]
        chosen_finish, chosen_costs = finish[:, free], costs[:, free]
        chosen_shares = shares[:, free]

        pairs = np.empty((len(tasks), len(free), PAIR_FEATURES))
        pairs[:, :, 0] = data[:, free]
        pairs[:, :, 1] = chosen_costs
        pairs[:, :, 2] = chosen_costs - least[:, None]
        pairs[:, :, 3] = chosen_finish - best
        pairs[:, :, 4] = np.maximum(second - chosen_finish, 0.0)
        pairs[:, :, 5] = whole[:, free] - whole.min(axis=1)[:, None]
        pairs[:, :, 6] = rows[:, self._table.regret][:, free]
        pairs[:, :, 7] = shares.sum(axis=0)[free] - chosen_shares
        pairs[:, :, 8] = self._pressure[free] / len(live)
        pairs *= unit
        np.minimum(pairs, FARTHEST, out=pairs)
        np.maximum(pairs, 0.0, out=pairs)
        np.log1p(pairs, out=pairs)

        records = self._jobs[jobs]
        leading: dict[int, float] = {}
        ranks = rank.tolist()
        for job, value in zip(jobs, ranks, strict=True):
            if value > leading.get(job, 0.0):
                leading[job] = value
        places = np.array([live[job] for job in jobs], float)
        features = np.empty((len(tasks), TASK_FEATURES))
        features[:, 0] = rank * unit
        features[:, 1] = (now - records[:, EMBEDDING + 2]) * unit
        features[:, 2] = records[:, EMBEDDING] * unit
        features[:, 3] = data.min(axis=1) * unit
        features[:, 4] = rows[:, FAN_OUT]
        np.log1p(np.maximum(features[:, :5], 0.0), out=features[:, :5])
        features[:, 5] = records[:, EMBEDDING + 1]
        features[:, 6] = places / len(live)
        features[:, 7] = places == 0.0
        features[:, 8] = rank / np.maximum([leading.get(job, 0.0) for job in jobs], 1.0)
        features[:, 9] = rank / max(1.0, *ranks)

        busy = [time for time in available.tolist() if time > 0.0]
        queue = np.log1p(
            np.array(
                [
                    len(live),
                    len(tasks),
                    count / len(free),
                    available.mean() * unit,
                    max(0.0, self._work) * unit / count,
                    count,
                    min(busy, default=0.0) * unit,
                ],
                float,
            )
        )
        seen = Observation(
            pairs,
            features,
            queue,
            rows[:, HIDDEN_PART],
            records[:, :EMBEDDING],
            self._embedding / len(live),
        )
        must = len(free) == count
        return Choice(seen, list(tasks), free, chosen_costs < FAR, must)
