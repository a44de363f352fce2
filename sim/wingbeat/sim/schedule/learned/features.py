"""The features of pairs, tasks and the queue.

All that is measured in time enters as `log(1 + time / unit)`, so a difference counts for more where
little is at stake.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wingbeat.sim.schedule.learned.graph_view import Floats
from wingbeat.sim.schedule.learned.network import PAIR_FEATURES, TASK_FEATURES
from wingbeat.sim.schedule.learned.table import FAN_OUT, LEAST, RANK, Table

FARTHEST = 50.0
"""Where the times of a pair are cut off, in units."""


def pair_features(
    table: Table,
    rows: Floats,
    data: Floats,
    available: Floats,
    free: Sequence[int],
    pressure: Floats,
    unit: float,
) -> Floats:
    """Return the features of each ready task on each free element, `(T, E, PAIR_FEATURES)`.

    Parameters
    ----------
    table : says what the columns of `rows` are
    rows : of the ready tasks
    data : ticks until a task's data are at each element, `(T, elements)`
    available : ticks until each element is expected to be free
    free : elements that are
    pressure : of each element, the work of tasks that are not placed and would best be there
    unit : one over the ticks of a unit of time
    """
    costs, shares = rows[:, table.costs], rows[:, table.share]
    finish = np.maximum(data, available) + costs
    whole = finish + rows[:, table.outlook]
    if len(available) > 1:
        two = np.partition(finish, 1, axis=1)
        best, second = two[:, :1], two[:, 1:2]
    else:
        best = second = finish
    chosen, there = finish[:, free], costs[:, free]
    features = np.empty((len(rows), len(free), PAIR_FEATURES))
    features[:, :, 0] = data[:, free]
    features[:, :, 1] = there
    features[:, :, 2] = there - rows[:, LEAST, None]
    features[:, :, 3] = chosen - best
    features[:, :, 4] = second - chosen
    features[:, :, 5] = whole[:, free] - whole.min(axis=1, keepdims=True)
    features[:, :, 6] = rows[:, table.regret][:, free]
    features[:, :, 7] = shares.sum(axis=0)[free] - shares[:, free]
    features[:, :, 8] = pressure[free]
    features *= unit
    np.clip(features, 0.0, FARTHEST, out=features)
    return np.log1p(features, out=features)


def task_features(
    rows: Floats,
    data: Floats,
    age: Floats,
    work: Floats,
    left: Floats,
    place: Floats,
    jobs: Sequence[int],
    unit: float,
) -> Floats:
    """Return the features of each ready task, `(T, TASK_FEATURES)`.

    Parameters
    ----------
    rows : of the tasks
    data : ticks until a task's data are at the first element
    age, work, left : of a task's job: ticks since its arrival, least ticks and share of its tasks
        that are not placed
    place : of a task's job among all, by arrival, as a share
    jobs : number of each task's job
    unit : one over the ticks of a unit of time
    """
    ranks = rows[:, RANK].tolist()
    leading: dict[int, float] = {}
    for job, rank in zip(jobs, ranks, strict=True):
        if rank > leading.get(job, 1.0):
            leading[job] = rank
    features = np.empty((len(rows), TASK_FEATURES))
    features[:, 0] = rows[:, RANK] * unit
    features[:, 1] = age * unit
    features[:, 2] = work * unit
    features[:, 3] = data * unit
    features[:, 4] = rows[:, FAN_OUT]
    features[:, :5] = np.log1p(np.maximum(features[:, :5], 0.0))
    features[:, 5] = left
    features[:, 6] = place
    features[:, 7] = place == 0.0
    features[:, 8] = rows[:, RANK] / [leading.get(job, 1.0) for job in jobs]
    features[:, 9] = rows[:, RANK] / max(1.0, *ranks)
    return features


def queue_features(
    available: Floats, free: int, ready: int, live: int, work: float, unit: float
) -> Floats:
    """Return the features of a moment, `(QUEUE_FEATURES,)`.

    Parameters
    ----------
    available : ticks until each element is expected to be free
    free, ready, live : numbers of elements, tasks and jobs
    work : least ticks of all tasks that are not placed
    unit : one over the ticks of a unit of time
    """
    elements = len(available)
    soonest = min((time for time in available.tolist() if time > 0.0), default=0.0)
    features = np.array(
        [
            live,
            ready,
            elements / free,
            available.mean() * unit,
            max(0.0, work) * unit / elements,
            elements,
            soonest * unit,
        ],
        float,
    )
    return np.asarray(np.log1p(features), float)
