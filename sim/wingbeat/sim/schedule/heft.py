"""HEFT: heterogeneous earliest finish time.

H. Topcuoglu, S. Hariri, M. Wu, "Performance-effective and low-complexity task scheduling for
heterogeneous computing", IEEE Transactions on Parallel and Distributed Systems 13(3), 2002.
"""

from __future__ import annotations

from wingbeat.sim.schedule.plan import Plan
from wingbeat.sim.schedule.ranks import by_rank, upward
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule


class Heft:
    """Tasks by descending upward rank, each in the gap in which it finishes first."""

    def plan(self, graph: Graph) -> Schedule:
        """Return a schedule of a job that has the machine for itself."""
        plan = Plan(graph)
        for task in by_rank(graph, upward(graph)):
            finish, element = min(plan.finishes(task))
            plan.place(task, element, finish)
        return plan.schedule()
