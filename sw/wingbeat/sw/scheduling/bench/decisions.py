"""How long a scheduler takes to decide when 100 tasks are ready, on one core."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from time import process_time

from wingbeat.sim.schedule.catalogue import scheduler as new_scheduler
from wingbeat.sim.schedule.protocol import Scheduler
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.families import Shape, unrelated
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.workload import trace
from wingbeat.sw.scheduling.bench.case import Figures

REPEATS = 5
"""Of each measurement; the least counts, because what disturbs a program makes it slower."""


@dataclass(frozen=True)
class DecisionCase:
    """Ten jobs of ten independent tasks are there at once, and ten elements have nothing to do."""

    count: int
    jobs: int = 10
    tasks: int = 10
    elements: int = 10
    metric: str = "decision"
    unit: str = "ms of the process per decision"

    @property
    def name(self) -> str:
        """How many tasks are ready."""
        return f"{self.jobs * self.tasks} tasks ready"

    def measure(self, scheduler: str, seed: int) -> Figures:
        """Return the milliseconds of one call, and of each of its decisions.

        A call decides once for each task that it places, and once if it places none. A job's plan,
        if the scheduler is a planner, is made in the first call.
        """
        calls, placed = [], 0
        for _ in range(REPEATS):
            draw = Random(f"bench decision, {seed}")
            shape = Shape(self.tasks, ())
            graphs = [unrelated(draw, shape, self.elements) for _ in range(self.jobs)]
            milliseconds, placed = _first_call(graphs, new_scheduler(scheduler))
            calls.append(milliseconds)
        call = min(calls)
        return {"decision": call / max(1, placed), "call": call, "placed": placed}


def _first_call(graphs: list[Graph], scheduler: Scheduler) -> tuple[float, int]:
    """Return the milliseconds of a scheduler's first call, and how many tasks it places."""
    emulator = Emulator(graphs[0].machine, trace((0, graph) for graph in graphs))
    emulator.advance()
    begin, placed = process_time(), 0
    for task, element in scheduler.decide(emulator.state):
        emulator.commit(task, element)
        placed += 1
    return 1000 * (process_time() - begin), placed


def decision_cases(quick: bool) -> list[DecisionCase]:
    """Return the one case; quick: under one seed."""
    return [DecisionCase(1 if quick else 5)]
