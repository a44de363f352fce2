"""What the policy knows of a job before it runs, as arrays that do not depend on the unit of time.

The outlook of a task on an element is PEFT's optimistic cost: the longest path behind it, if every
task on it were on the element that is best for it, and no element were ever busy.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from wingbeat.sim.schedule.peft import optimistic_costs
from wingbeat.sim.schedule.ranks import downward, upward
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph

Floats = NDArray[np.float64]

FAR = 1e9
"""Stands for the cost of an unsupported pair: finite, so that arithmetic stays quiet."""

NODE_FEATURES = 9
"""Features of a task in its graph, before anything runs."""


class GraphView:
    """A graph as arrays.

    Attributes
    ----------
    costs : ticks, `(tasks, elements)`; FAR where unsupported
    outlook : ticks, `(tasks, elements)`, see above
    least : smallest cost of each task
    rank : upward rank of each task
    share : where the load of each task would best be, `(tasks, elements)`; a row sums to `least`
    scale : mean of `least`, at least one tick: the unit of all features
    nodes : features of each task, `(tasks, NODE_FEATURES)`
    after, before : means over successors and over predecessors, `(tasks, tasks)`
    fan_out : number of successors of each task
    """

    def __init__(self, graph: Graph) -> None:
        count = len(graph)
        costs = np.array(graph.costs, float)
        supported = costs < UNSUPPORTED
        self.costs = np.where(supported, costs, FAR)
        self.outlook: Floats = np.minimum(np.array(optimistic_costs(graph), float), FAR)
        self.least: Floats = self.costs.min(axis=1)
        best = self.costs == self.least[:, None]
        self.share: Floats = best * (self.least / best.sum(axis=1))[:, None]
        self.rank = np.array(upward(graph))
        self.scale = max(1.0, float(self.least.mean()))
        self.after = np.zeros((count, count))
        for task, successors in enumerate(graph.successors):
            for successor, _ in successors:
                self.after[task, successor] = 1.0
        self.before: Floats = self.after.T / np.maximum(1.0, self.after.sum(axis=0))[:, None]
        self.fan_out: Floats = self.after.sum(axis=1)
        self.after /= np.maximum(1.0, self.fan_out)[:, None]
        self.nodes = self._nodes(graph, supported)

    def _nodes(self, graph: Graph, supported: NDArray[np.bool_]) -> Floats:
        mean = np.array(graph.mean_cost)
        transfer = np.array([sum(ticks for _, ticks in row) for row in graph.successors])
        longest = max(1.0, float(self.rank.max()))
        greatest = np.where(supported, self.costs, 0.0).max(axis=1)
        return np.stack(
            [
                np.log1p(self.least / self.scale),
                np.log1p(mean / self.scale),
                np.log((greatest + 1.0) / (self.least + 1.0)),
                np.log1p(transfer / self.scale),
                self.rank / longest,
                np.array(downward(graph)) / longest,
                np.log1p(self.fan_out),
                np.log1p(np.array([len(row) for row in graph.predecessors], float)),
                supported.mean(axis=1),
            ],
            axis=1,
        )


_VIEWS: WeakKeyDictionary[Graph, GraphView] = WeakKeyDictionary()


def graph_view(graph: Graph) -> GraphView:
    """Return the view of a graph, made once."""
    view = _VIEWS.get(graph)
    if view is None:
        view = _VIEWS[graph] = GraphView(graph)
    return view
