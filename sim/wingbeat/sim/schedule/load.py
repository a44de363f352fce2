"""How much work jobs are, whatever element executes which task: a linear program's prices.

Give each class of elements a price per tick, one for a tick of all elements together. A task costs
no less than at the class where its price is least; elements earn one a tick. So jobs together take
no fewer ticks than the sum of their tasks' least prices, and prices exist that make that largest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph


def work(graphs: Sequence[Graph]) -> list[float]:
    """Return ticks of work of each job, on the machine that they share.

    No `n` of the jobs are finished before the sum of their works has passed.

    Raises
    ------
    ScheduleError
        If ortools is not installed.
    """
    try:
        from ortools.linear_solver import pywraplp
    except ImportError:
        raise ScheduleError(
            "the bound needs ortools, which `pip install wingbeat[schedule]` installs"
        ) from None
    solver = pywraplp.Solver.CreateSolver("GLOP")
    machine = graphs[0].machine
    sizes = Counter(machine.classes)
    prices = {name: solver.NumVar(0, solver.infinity(), "") for name in sizes}
    solver.Add(sum(price * sizes[name] for name, price in prices.items()) == 1)
    counts = Counter(graphs)
    totals = {}
    for graph in counts:
        values = []
        for row in graph.costs:
            value = solver.NumVar(0, solver.infinity(), "")
            for name, cost in set(zip(machine.classes, row, strict=True)):
                if cost < UNSUPPORTED:
                    solver.Add(value <= prices[name] * cost)
            values.append(value)
        totals[graph] = sum(values)
    solver.Maximize(sum(total * counts[graph] for graph, total in totals.items()))
    solver.Solve()
    return [float(totals[graph].solution_value()) for graph in graphs]
