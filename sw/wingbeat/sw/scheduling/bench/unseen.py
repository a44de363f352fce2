"""Streams on random platforms that no scheduler was made for: more elements, other costs."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from wingbeat.sim.schedule.catalogue import scheduler as new_scheduler
from wingbeat.sim.schedule.protocol import run
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.families import FAMILIES, unrelated
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.workload import Admission, exponential
from wingbeat.sw.scheduling.bench.case import Figures
from wingbeat.sw.scheduling.bench.streams import stream_figures

NOISE = 0.1
LIMIT = 32
"""Jobs that may be in the system at once."""


@dataclass(frozen=True)
class UnseenCase:
    """A stream of four random jobs, one of each family, on a random platform; both by seed.

    Attributes
    ----------
    elements : how many, unrelated
    costs : least and greatest ticks of a task; transfers take up to two thirds of the greatest
    load : share of the elements' time that the jobs would take, were each task where it is fastest
    jobs : how many arrive, on average
    """

    elements: int
    costs: tuple[int, int]
    load: float
    count: int
    jobs: int = 100
    metric: str = "latency"
    unit: str = "ticks"

    @property
    def name(self) -> str:
        """Elements, costs and load."""
        low, high = self.costs
        return f"{self.elements} elements, costs {low} to {high}, load {self.load:g}"

    def graphs(self, seed: int) -> list[Graph]:
        """Return the jobs, which share a machine."""
        draw = Random(f"bench unseen, {self.name}, {seed}")
        transfers = (1, 2 * self.costs[1] // 3)
        drawn = [
            unrelated(
                draw, family(draw, draw.randint(10, 30)), self.elements,
                costs=self.costs, transfers=transfers,
            )
            for family in FAMILIES.values()
        ]  # fmt: skip
        machine = drawn[0].machine
        return [Graph(machine, graph.names, graph.costs, graph.edges) for graph in drawn]

    def measure(self, scheduler: str, seed: int) -> Figures:
        """Return what the stream showed."""
        graphs = self.graphs(seed)
        work = sum(min(row) for graph in graphs for row in graph.costs) / len(graphs)
        gap = work / self.elements / self.load
        emulator = Emulator(
            graphs[0].machine,
            exponential(graphs, [1.0] * len(graphs), gap, seed),
            Admission(LIMIT),
            noise=NOISE,
            seed=seed,
            horizon=round(gap * self.jobs),
        )
        run(emulator, new_scheduler(scheduler))
        return stream_figures(emulator)


def unseen_cases(quick: bool, seeds: int) -> list[UnseenCase]:
    """Return more elements, other costs, and both, at two loads; quick: one."""
    if quick:
        return [UnseenCase(12, (5, 30), 0.3, seeds, jobs=20)]
    platforms = ((16, (5, 30)), (8, (40, 400)), (16, (40, 400)), (24, (10, 200)))
    return [UnseenCase(*platform, load, seeds) for platform in platforms for load in (0.3, 0.6)]
