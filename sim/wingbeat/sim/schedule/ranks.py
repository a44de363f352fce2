"""Ranks of tasks: how far they are from the end and from the beginning of a job.

H. Topcuoglu, S. Hariri, M. Wu, "Performance-effective and low-complexity task scheduling for
heterogeneous computing", IEEE Transactions on Parallel and Distributed Systems 13(3), 2002.
"""

from __future__ import annotations

from wingbeat.sim.soc.graph import Graph


def upward(graph: Graph) -> list[float]:
    """Return the mean ticks from each task's start to the end of the job, on the longest path."""
    ranks = [0.0] * len(graph)
    for task in reversed(graph.order):
        behind = 0.0
        for successor, transfer in graph.successors[task]:
            path = transfer + ranks[successor]
            if path > behind:
                behind = path
        ranks[task] = graph.mean_cost[task] + behind
    return ranks


def downward(graph: Graph) -> list[float]:
    """Return the mean ticks from the job's beginning to each task's, on the longest path."""
    ranks = [0.0] * len(graph)
    for task in graph.order:
        before = ranks[task] + graph.mean_cost[task]
        for successor, transfer in graph.successors[task]:
            ranks[successor] = max(ranks[successor], before + transfer)
    return ranks


def by_rank(graph: Graph, ranks: list[float]) -> list[int]:
    """Return the tasks by descending upward rank; of equals, predecessors first."""
    return sorted(graph.order, key=lambda task: -ranks[task])
