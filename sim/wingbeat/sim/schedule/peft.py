"""PEFT: predict earliest finish time.

H. Arabnejad, J. G. Barbosa, "List scheduling algorithm for heterogeneous systems by an optimistic
cost table", IEEE Transactions on Parallel and Distributed Systems 25(3), 2014.
"""

from __future__ import annotations

from wingbeat.sim.schedule.frontier import frontier
from wingbeat.sim.schedule.plan import Plan
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule


class Peft:
    """Ready tasks by their mean optimistic cost, each where finish plus optimistic cost is least.

    The optimistic cost of a task on an element is the longest path behind it, if every task on it
    were on the element that is best for it, and no element were ever busy.
    """

    def plan(self, graph: Graph) -> Schedule:
        """Return a schedule of a job that has the machine for itself."""
        table = optimistic_costs(graph)
        plan = Plan(graph)
        for task in frontier(graph, [sum(row) / len(row) for row in table]):
            behind = table[task]
            _, finish, element = min(
                (finish + behind[element], finish, element)
                for finish, element in plan.finishes(task)
            )
            plan.place(task, element, finish)
        return plan.schedule()


def optimistic_costs(graph: Graph) -> list[list[float]]:
    """Return the optimistic cost table, `[task][element]`."""
    table = [[0.0] * len(graph.machine.elements) for _ in graph.names]
    for task in reversed(graph.order):
        row = table[task]
        for successor, transfer in graph.successors[task]:
            costs, behind = graph.costs[successor], table[successor]
            best = min(behind[e] + costs[e] for e in graph.supported[successor]) + transfer
            for element in graph.machine.elements:
                row[element] = max(row[element], min(best, behind[element] + costs[element]))
    return table
