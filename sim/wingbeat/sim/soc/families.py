"""Random task graphs: shapes of several families, and costs on related or unrelated elements.

Each function draws all that it needs from the generator it is given, so a seed determines a graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.machine import Machine


@dataclass(frozen=True)
class Shape:
    """Tasks without costs.

    Attributes
    ----------
    count : of tasks
    edges : predecessor, successor; a predecessor has the lower number
    """

    count: int
    edges: tuple[tuple[int, int], ...]


def layered(draw: Random, count: int) -> Shape:
    """Return layers of about the square root of `count` tasks.

    Each task waits for one to three tasks of the layer before, each of which is waited for.
    """
    layers: list[list[int]] = []
    done = 0
    while done < count:
        size = min(count - done, draw.randint(1, 2 * max(1, round(count**0.5)) - 1))
        layers.append(list(range(done, done + size)))
        done += size
    edges: set[tuple[int, int]] = set()
    for above, layer in pairwise(layers):
        for task in layer:
            befores = draw.sample(above, min(len(above), draw.randint(1, 3)))
            edges.update((before, task) for before in befores)
        waited = {before for before, _ in edges}
        edges.update((before, draw.choice(layer)) for before in above if before not in waited)
    return Shape(count, tuple(sorted(edges)))


def tree(draw: Random, count: int) -> Shape:
    """Return a tree, from its root to its leaves or the other way round."""
    parents = [draw.randrange(max(0, task - 4), task) for task in range(1, count)]
    edges = [(parent, task) for task, parent in enumerate(parents, 1)]
    if draw.random() < 0.5:
        edges = [(count - 1 - task, count - 1 - parent) for parent, task in edges]
    return Shape(count, tuple(edges))


def chains(draw: Random, count: int) -> Shape:
    """Return two to five chains that start and end at different times, with nothing in common."""
    number = min(count, draw.randint(2, 5))
    cuts = sorted(draw.sample(range(1, count), number - 1))
    edges = [(task - 1, task) for task in range(1, count) if task not in cuts]
    return Shape(count, tuple(edges))


def fork_join(draw: Random, count: int) -> Shape:
    """Return tasks that fork into two to six, which join again, one such group after the other."""
    edges, task = [], 0
    while task < count - 2:
        width = min(draw.randint(2, 6), count - 2 - task)
        edges += [(task, task + branch) for branch in range(1, width + 1)]
        edges += [(task + branch, task + width + 1) for branch in range(1, width + 1)]
        task += width + 1
    edges += [(before, before + 1) for before in range(task, count - 1)]
    return Shape(count, tuple(edges))


FAMILIES: dict[str, Callable[[Random, int], Shape]] = {
    "layered": layered,
    "tree": tree,
    "chains": chains,
    "fork_join": fork_join,
}
"""All families, by name."""


def unrelated(
    draw: Random,
    shape: Shape,
    elements: int,
    *,
    costs: tuple[int, int] = (5, 30),
    transfers: tuple[int, int] = (1, 20),
) -> Graph:
    """Return a graph on elements of which none is faster than another at everything.

    Parameters
    ----------
    draw : random numbers
    shape : the tasks
    elements : how many
    costs, transfers : least and greatest ticks, drawn evenly
    """
    names = [f"P{number}" for number in range(elements)]
    machine = Machine(names, names, [[1.0] * elements for _ in names])
    return Graph(
        machine,
        [f"t{task}" for task in range(shape.count)],
        [[draw.randint(*costs) for _ in names] for _ in range(shape.count)],
        [(before, after, draw.randint(*transfers)) for before, after in shape.edges],
    )


def related(
    draw: Random,
    shape: Shape,
    elements: int,
    *,
    work: tuple[int, int] = (50, 500),
    speeds: tuple[float, float] = (0.5, 2.0),
    volumes: tuple[int, int] = (50, 500),
    bandwidths: tuple[float, float] = (0.5, 2.0),
) -> Graph:
    """Return a graph on elements that differ in speed alone, joined by links that do as well.

    Parameters
    ----------
    draw : random numbers
    shape : the tasks
    elements : how many
    work, speeds : a task takes `work / speed` ticks, rounded up
    volumes, bandwidths : a transfer takes `volume / bandwidth` ticks, rounded down
    """
    names = [f"P{number}" for number in range(elements)]
    rates = [draw.uniform(*speeds) for _ in names]
    links = {
        (one, other): draw.uniform(*bandwidths)
        for one in range(elements)
        for other in range(one + 1)
    }
    machine = Machine(
        names,
        names,
        [[links[max(a, b), min(a, b)] for b in range(elements)] for a in range(elements)],
    )
    amounts = [draw.randint(*work) for _ in range(shape.count)]
    return Graph(
        machine,
        [f"t{task}" for task in range(shape.count)],
        [[-int(-amount // rate) for rate in rates] for amount in amounts],
        [(before, after, draw.randint(*volumes)) for before, after in shape.edges],
    )
