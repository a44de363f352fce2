"""Single jobs: makespans against the proved optimum, and on related machines."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from wingbeat.sim.schedule.catalogue import schedule_job
from wingbeat.sim.schedule.optimum import Optimum
from wingbeat.sim.soc.families import FAMILIES, related, unrelated
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import check
from wingbeat.sw.scheduling.bench.case import Figures
from wingbeat.sw.scheduling.bench.proofs import graph_facts, proved

SIZES = ((20, 4, 34), (30, 8, 33), (50, 8, 33))
"""Tasks, elements, and how many jobs of that size: 100 together."""

SECONDS = 300.0
"""Limit of the solver's time for one proof; these take some seconds."""


@dataclass(frozen=True)
class OfflineCase:
    """Random jobs of all families in turn on unrelated elements, against their optima."""

    tasks: int
    elements: int
    count: int
    metric: str = "ratio"
    unit: str = "makespan / optimum"

    @property
    def name(self) -> str:
        """Tasks and elements."""
        return f"{self.tasks} tasks on {self.elements} elements"

    def graph(self, seed: int) -> Graph:
        """Return a job; it is drawn from a stream of random numbers that nothing else uses."""
        draw = Random(f"bench, {self.name}, {seed}")
        family = list(FAMILIES.values())[seed % len(FAMILIES)]
        return unrelated(draw, family(draw, self.tasks), self.elements)

    def proof(self, seed: int) -> tuple[str, Any]:
        """Return the key of a job's optimum and the optimum; None if it is not proved in time."""

        def solve() -> int | None:
            solution = Optimum(SECONDS).solve(graph)
            return solution.schedule.makespan if solution.proved else None

        graph = self.graph(seed)
        return proved(graph_facts(graph), solve)

    def measure(self, scheduler: str, seed: int) -> Figures:
        """Return the makespan and its ratio to the optimum; nothing, if that is not proved."""
        graph = self.graph(seed)
        _, optimum = self.proof(seed)
        if optimum is None:
            return {}
        schedule = schedule_job(graph, scheduler)
        check([schedule])
        return {"ratio": schedule.makespan / optimum, "makespan": schedule.makespan}


@dataclass(frozen=True)
class RelatedCase:
    """Random jobs of a family on eight elements that differ in speed alone."""

    family: str
    tasks: int
    count: int
    metric: str = "makespan"
    unit: str = "ticks"

    @property
    def name(self) -> str:
        """Family and tasks."""
        return f"{self.family}, {self.tasks} tasks"

    def measure(self, scheduler: str, seed: int) -> Figures:
        """Return the makespan."""
        draw = Random(f"bench related, {self.name}, {seed}")
        schedule = schedule_job(
            related(draw, FAMILIES[self.family](draw, self.tasks), 8), scheduler
        )
        check([schedule])
        return {"makespan": schedule.makespan}


def offline_cases(quick: bool) -> list[OfflineCase]:
    """Return the sizes whose optima are proved; quick: a few jobs of the first."""
    sizes = ((*SIZES[0][:2], 4),) if quick else SIZES
    return [OfflineCase(*size) for size in sizes]


def related_cases(quick: bool) -> list[RelatedCase]:
    """Return trees, chains and layers of 30, 60 and 100 tasks; quick: few and small ones."""
    sizes, count = ((30,), 2) if quick else ((30, 60, 100), 20)
    return [
        RelatedCase(family, tasks, count)
        for family in ("tree", "chains", "layered")
        for tasks in sizes
    ]
