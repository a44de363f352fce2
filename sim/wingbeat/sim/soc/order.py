"""Topological order of tasks, and the circle in tasks that have none."""

from __future__ import annotations

from collections.abc import Sequence

from wingbeat.hw.errors import ScheduleError


def topological(names: Sequence[str], successors: Sequence[Sequence[int]]) -> list[int]:
    """Return the tasks so that each comes after all of its predecessors.

    Among tasks that could come next, the one that became free first comes first.

    Raises
    ------
    ScheduleError
        Naming a circle of tasks, if there is one.
    """
    waits = [0] * len(names)
    for following in successors:
        for task in following:
            waits[task] += 1
    order = [task for task, count in enumerate(waits) if not count]
    for task in order:
        for successor in successors[task]:
            waits[successor] -= 1
            if not waits[successor]:
                order.append(successor)
    if len(order) < len(names):
        circle = _circle(set(range(len(names))) - set(order), successors)
        path = " -> ".join(names[task] for task in [*circle, circle[0]])
        raise ScheduleError(f"tasks must not wait for each other in a circle, not {path}")
    return order


def _circle(unordered: set[int], successors: Sequence[Sequence[int]]) -> list[int]:
    """Return the tasks of a circle; every unordered task has an unordered predecessor."""
    before = {
        successor: task
        for task in unordered
        for successor in successors[task]
        if successor in unordered
    }
    task = min(unordered)
    seen: list[int] = []
    while task not in seen:
        seen.append(task)
        task = before[task]
    return seen[seen.index(task) :][::-1]
