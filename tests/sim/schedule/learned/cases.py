"""Jobs and machines that tests of the learned scheduler share."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from wingbeat.sim.schedule.learned.graph_view import Floats
from wingbeat.sim.schedule.learned.network import Network, initial
from wingbeat.sim.soc.families import layered, unrelated
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph
from wingbeat.sim.soc.machine import Machine


def random_parameters(seed: int) -> dict[str, Floats]:
    """Return parameters none of which is zero; waiting is as likely as not."""
    draw = np.random.default_rng(seed)
    return {name: value + draw.normal(0.0, 0.1, value.shape) for name, value in initial(0).items()}


def random_network(seed: int) -> Network:
    return Network(random_parameters(seed))


def random_graph(seed: int, *, tasks: int = 12, elements: int = 4) -> Graph:
    draw = Random(seed)
    return unrelated(draw, layered(draw, tasks), elements)


def rearranged(
    graph: Graph, tasks: Sequence[int], elements: Sequence[int], stretch: int = 1
) -> Graph:
    """Return a graph whose task `i` is `tasks[i]`, and the same of elements.

    Parameters
    ----------
    graph, tasks, elements : see above
    stretch : factor of all times
    """
    names = [graph.machine.names[element] for element in elements]
    rates = [[graph.machine.bandwidth[a][b] for b in elements] for a in elements]
    place = {task: number for number, task in enumerate(tasks)}
    return Graph(
        Machine(names, names, rates),
        [graph.names[task] for task in tasks],
        [
            [_stretched(graph.costs[task][element], stretch) for element in elements]
            for task in tasks
        ],
        [(place[a], place[b], volume * stretch) for a, b, volume in graph.edges],
    )


def _stretched(cost: int, stretch: int) -> int:
    return cost if cost >= UNSUPPORTED else cost * stretch
