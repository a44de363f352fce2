"""Workloads: which jobs arrive on a platform, how often, and how many are let in."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from wingbeat.sim.soc.graph import Graph

Arrivals = Iterator[tuple[int, Graph]]
"""Of each job, the ticks since the one before (the first: since 0), and its graph."""


@dataclass(frozen=True)
class Admission:
    """Which of the jobs that arrive are let in.

    Attributes
    ----------
    limit : jobs that may be in the system at once; one that arrives when there are as many is
        rejected and counted. None: any number
    filled : as many jobs as there may be are there at time 0, before the first gap
    """

    limit: int | None = None
    filled: bool = False


class Workload(BaseModel):
    """A stream of jobs, as its YAML file describes it.

    Attributes
    ----------
    name : what commands take
    title : what it is
    source : where the figures are from
    platform : name of the platform
    jobs : names of jobs and how often each arrives, as weights
    mean_gap : ticks between arrivals, exponentially distributed, rounded down
    limit, filled : as in `Admission`
    horizon : ticks that are emulated; jobs unfinished then are censored
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    source: str
    platform: str
    jobs: dict[str, PositiveFloat] = Field(min_length=1)
    mean_gap: PositiveFloat
    limit: PositiveInt | None
    filled: bool
    horizon: PositiveInt

    @property
    def admission(self) -> Admission:
        """Which of the jobs that arrive are let in."""
        return Admission(self.limit, self.filled)


def exponential(
    graphs: Sequence[Graph], weights: Sequence[float], mean_gap: float, seed: int
) -> Arrivals:
    """Yield jobs without end: a Poisson process in whole ticks, each job drawn by its weight."""
    draw = random.Random(f"arrivals {seed}")
    while True:
        (graph,) = draw.choices(graphs, weights)
        yield int(draw.expovariate(1 / mean_gap)), graph


def trace(jobs: Iterable[tuple[int, Graph]]) -> Arrivals:
    """Yield the jobs of a trace: times of arrival, ascending, and graphs."""
    before = 0
    for time, graph in jobs:
        yield time - before, graph
        before = time
