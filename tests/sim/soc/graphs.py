"""Graphs that tests share."""

from __future__ import annotations

from random import Random

from hypothesis import strategies

from wingbeat.sim.soc.catalogue import load_job, load_platform
from wingbeat.sim.soc.families import FAMILIES, related, unrelated
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph


def shipped(job: str, platform: str) -> Graph:
    """Return a job of the package on a platform of the package."""
    description = load_platform(platform)
    return load_job(job).bind(description, description.machine())


@strategies.composite
def graphs(draw: strategies.DrawFn) -> Graph:
    """Draw a graph of any family, with tasks that cost nothing and elements that lack support."""
    numbers = Random(draw(strategies.integers(0, 2**32)))
    family = FAMILIES[draw(strategies.sampled_from(sorted(FAMILIES)))]
    shape = family(numbers, draw(strategies.integers(5, 30)))
    elements = draw(strategies.integers(1, 6))
    differ_in_speed = draw(strategies.booleans())
    graph = (related if differ_in_speed else unrelated)(numbers, shape, elements)
    costs = [list(row) for row in graph.costs]
    for row in costs:
        if numbers.random() < 0.1:
            row[:] = [0] * len(row)
        for element in range(len(row) - 1):
            if numbers.random() < 0.2:
                row[element] = UNSUPPORTED
    return Graph(graph.machine, graph.names, costs, graph.edges)
