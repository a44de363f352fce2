"""CPOP: critical path on a processor.

H. Topcuoglu, S. Hariri, M. Wu, "Performance-effective and low-complexity task scheduling for
heterogeneous computing", IEEE Transactions on Parallel and Distributed Systems 13(3), 2002.
"""

from __future__ import annotations

from math import isclose

from wingbeat.sim.schedule.frontier import frontier
from wingbeat.sim.schedule.plan import Plan
from wingbeat.sim.schedule.ranks import downward, upward
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule


class Cpop:
    """Tasks by the length of the longest path through them; those of the longest share an element.

    That element is the one on which they cost least together. Where it does not support one of
    them, and for all other tasks, the element with the earliest finish is taken, gaps included.
    """

    def plan(self, graph: Graph) -> Schedule:
        """Return a schedule of a job that has the machine for itself."""
        up, down = upward(graph), downward(graph)
        lengths = [a + b for a, b in zip(up, down, strict=True)]
        path = _critical(graph, lengths)
        shared = min(
            graph.machine.elements, key=lambda element: sum(graph.costs[t][element] for t in path)
        )
        plan = Plan(graph)
        for task in frontier(graph, lengths):
            finishes = plan.finishes(task)
            if task in path and shared in graph.supported[task]:
                finishes = [pair for pair in finishes if pair[1] == shared]
            finish, element = min(finishes)
            plan.place(task, element, finish)
        return plan.schedule()


def _critical(graph: Graph, lengths: list[float]) -> set[int]:
    """Return the tasks of one longest path."""
    task = max((t for t in graph.order if not graph.predecessors[t]), key=lengths.__getitem__)
    path = {task}
    while graph.successors[task]:
        task = max((t for t, _ in graph.successors[task]), key=lengths.__getitem__)
        if not isclose(lengths[task], max(lengths)):
            break
        path.add(task)
    return path
