"""What the policy is trained on: episodes of many kinds, drawn anew for each step."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from random import Random

from wingbeat.sim.schedule.learned.training.episode import (
    Episode,
    single_episode,
    stream_episode,
)
from wingbeat.sim.soc.catalogue import load_job, load_platform, load_workload
from wingbeat.sim.soc.families import FAMILIES, Shape, related, unrelated
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.workload import Admission

NOISES = (0.0, 0.1, 0.3)


def _example(draw: Random) -> Episode:
    return _shipped(draw, "top", 25.0, 3000)


def _variants(draw: Random) -> Episode:
    return _shipped(draw, "top_variants", 25.0, 3000)


def _light(draw: Random) -> Episode:
    return _shipped(draw, "radio_and_radar", draw.uniform(100, 350), 12000)


def _medium(draw: Random) -> Episode:
    return _shipped(draw, "radio_and_radar", draw.uniform(45, 100), 6000)


def _saturated(draw: Random) -> Episode:
    return _shipped(draw, "radio_and_radar", draw.uniform(27, 45), 6000)


def _synthetic(draw: Random) -> Episode:
    """Return a stream of random jobs on a random platform of three to eight elements."""
    elements = draw.randint(3, 8)
    graphs = [
        unrelated(draw, _shape(draw, draw.randint(6, 24)), elements)
        for _ in range(draw.randint(2, 5))
    ]
    work = sum(sum(map(min, graph.costs)) for graph in graphs) / len(graphs)
    gap = work / elements / draw.uniform(0.5, 1.1)
    return stream_episode(
        graphs,
        [1.0] * len(graphs),
        gap,
        Admission(16),
        noise=draw.choice(NOISES),
        seed=draw.getrandbits(32),
        horizon=round(40 * gap),
    )


def _single(family: Callable[[Random, Shape, int], Graph]) -> Callable[[Random], Episode]:
    def make(draw: Random) -> Episode:
        return single_episode(family(draw, _shape(draw, draw.randint(15, 55)), draw.randint(3, 8)))

    return make


def small_graph(draw: Random) -> Graph:
    """Return a job that is small enough for the exact optimum."""
    return unrelated(draw, _shape(draw, draw.randint(8, 16)), draw.randint(3, 5))


STREAMS: dict[str, Callable[[Random], Episode]] = {
    "example": _example,
    "variants": _variants,
    "light": _light,
    "medium": _medium,
    "saturated": _saturated,
    "synthetic": _synthetic,
}
"""Kinds of streams by name."""

SCENARIOS = STREAMS | {
    "unrelated_1": _single(unrelated),
    "unrelated_2": _single(unrelated),
    "related": _single(related),
}
"""Kinds of episodes by name; a step of training has one of each."""


@lru_cache(maxsize=2)
def episodes(seed: int, step: int) -> dict[str, Episode]:
    """Return the episodes of a step of training."""
    return {name: make(Random(f"{name} {seed} {step}")) for name, make in SCENARIOS.items()}


def _shipped(draw: Random, name: str, mean_gap: float, horizon: int) -> Episode:
    workload = load_workload(name)
    return stream_episode(
        _graphs(name),
        list(workload.jobs.values()),
        mean_gap,
        workload.admission,
        noise=draw.choice(NOISES),
        seed=draw.getrandbits(32),
        horizon=horizon,
    )


@cache
def _graphs(name: str) -> tuple[Graph, ...]:
    workload = load_workload(name)
    platform = load_platform(workload.platform)
    machine = platform.machine()
    return tuple(load_job(job).bind(platform, machine) for job in workload.jobs)


def _shape(draw: Random, count: int) -> Shape:
    return FAMILIES[draw.choice(sorted(FAMILIES))](draw, count)
