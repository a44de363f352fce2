"""Lookahead HEFT.

L. F. Bittencourt, R. Sakellariou, E. R. M. Madeira, "DAG scheduling using a lookahead variant of
the heterogeneous earliest finish time algorithm", Euromicro PDP, 2010.
"""

from __future__ import annotations

from wingbeat.sim.schedule.plan import Plan
from wingbeat.sim.schedule.ranks import by_rank, upward
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule


class Lookahead:
    """HEFT, but each task goes where the last of its successors could finish first.

    The successors are placed by HEFT for the trial, as if their other predecessors that are not
    placed yet did not exist.
    """

    def plan(self, graph: Graph) -> Schedule:
        """Return a schedule of a job that has the machine for itself."""
        ranks = upward(graph)
        plan = Plan(graph)
        for task in by_rank(graph, ranks):
            children = sorted((t for t, _ in graph.successors[task]), key=lambda t: -ranks[t])
            _, finish, element = min(
                (_last(plan, task, element, finish, children), finish, element)
                for finish, element in plan.finishes(task)
            )
            plan.place(task, element, finish)
        return plan.schedule()


def _last(plan: Plan, task: int, element: int, finish: int, children: list[int]) -> int:
    """Return when the last of the children would finish, if a task were placed like this."""
    plan.place(task, element, finish)
    last = finish
    for child in children:
        end, chosen = min(plan.finishes(child))
        plan.place(child, chosen, end)
        last = max(last, end)
    for placed in (task, *children):
        plan.remove(placed)
    return last
