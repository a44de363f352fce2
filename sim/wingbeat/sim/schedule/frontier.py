"""Tasks by priority, where priority alone might put a task before its predecessor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush

from wingbeat.sim.soc.graph import Graph


def frontier(graph: Graph, priorities: Sequence[float]) -> Iterator[int]:
    """Yield, of the tasks whose predecessors have been yielded, the one of highest priority."""
    missing = [len(predecessors) for predecessors in graph.predecessors]
    waiting = [(-priorities[task], task) for task, count in enumerate(missing) if not count]
    heapify(waiting)
    while waiting:
        _, task = heappop(waiting)
        yield task
        for successor, _ in graph.successors[task]:
            missing[successor] -= 1
            if not missing[successor]:
                heappush(waiting, (-priorities[successor], successor))
