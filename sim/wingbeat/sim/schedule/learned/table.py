"""One row a task for all graphs that have been met: what does not change while jobs run."""

from __future__ import annotations

import numpy as np

from wingbeat.sim.schedule.learned.graph_view import FAR, graph_view
from wingbeat.sim.schedule.learned.network import EMBEDDING, HIDDEN, Network
from wingbeat.sim.soc.graph import Graph

LEAST, RANK, FAN_OUT = -3, -2, -1
HIDDEN_PART = slice(-3 - HIDDEN, -3)
EMBEDDING_PART = slice(-3 - HIDDEN - EMBEDDING, -3 - HIDDEN)
"""Columns: what `GraphView` calls them, and the embedding before and after its matrix."""


class Table:
    """Rows of tasks, gathered by one index.

    Parameters
    ----------
    elements : how many the machine has
    network : gives the embeddings

    Attributes
    ----------
    rows : one a task; those of a graph are in the order of its tasks
    costs, outlook, share, regret : columns, one an element each. The regret is how much longer the
        path through the task is with this element than with the best
    """

    def __init__(self, elements: int, network: Network) -> None:
        self.costs, self.outlook, self.share, self.regret = (
            slice(place * elements, (place + 1) * elements) for place in range(4)
        )
        self.rows = np.zeros((256, 4 * elements + EMBEDDING + HIDDEN + 3))
        self._network = network
        self._bases: dict[Graph, int] = {}
        self._used = 0

    def base(self, graph: Graph) -> int:
        """Return the row of a graph's first task."""
        base = self._bases.get(graph)
        if base is None:
            base = self._bases[graph] = self._used
            self._used += len(graph)
            while self._used > len(self.rows):
                self.rows = np.concatenate([self.rows, np.zeros_like(self.rows)])
            self._fill(self.rows[base : self._used], graph)
        return base

    def _fill(self, rows: np.ndarray, graph: Graph) -> None:
        view = graph_view(graph)
        embeddings = self._network.embed(view)
        path = view.costs + view.outlook
        rows[:, self.costs] = view.costs
        rows[:, self.outlook] = view.outlook
        rows[:, self.share] = view.share
        rows[:, self.regret] = np.minimum(path - path.min(axis=1)[:, None], FAR)
        rows[:, EMBEDDING_PART] = embeddings
        rows[:, HIDDEN_PART] = self._network.embedded(embeddings)
        rows[:, LEAST] = view.least
        rows[:, RANK] = view.rank
        rows[:, FAN_OUT] = view.fan_out
