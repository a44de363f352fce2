"""What the shipped policy achieves, on few seeds; docs/scheduling.md has all of them."""

from __future__ import annotations

from random import Random
from statistics import mean
from time import process_time

import pytest
from tests.sim.schedule.learned.cases import random_graph

from wingbeat.sim.schedule.catalogue import scheduler
from wingbeat.sim.schedule.stream import stream
from wingbeat.sim.soc.catalogue import load_workload
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.families import Shape, unrelated
from wingbeat.sim.soc.outcome import Outcome, outcome
from wingbeat.sim.soc.workload import trace


def outcomes(name: str, workload: str, noise: float, gap: float, horizon: int) -> list[Outcome]:
    """Return what a scheduler makes of streams that training did not see."""
    described = load_workload(workload)
    return [
        outcome(
            stream(
                described, scheduler(name), seed=seed, noise=noise, mean_gap=gap, horizon=horizon
            )
        )
        for seed in range(50, 53)
    ]


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("workload", ["top", "top_variants"])
def test_latency_is_five_percent_below_etf_and_fewer_are_rejected(
    workload: str, noise: float
) -> None:
    ours = outcomes("learned", workload, noise, 25, 3000)
    etf = outcomes("etf", workload, noise, 25, 3000)
    assert mean(o.latency_bound for o in ours) < 0.95 * mean(o.latency_bound for o in etf)
    assert mean(o.rejected for o in ours) < mean(o.rejected for o in etf)
    assert mean(o.throughput for o in ours) > mean(o.throughput for o in etf)


def test_under_load_latency_is_below_that_of_late_etf() -> None:
    ours = outcomes("learned", "radio_and_radar", 0.0, 40, 4000)
    late = outcomes("etf_late", "radio_and_radar", 0.0, 40, 4000)
    assert mean(o.latency_bound for o in ours) < 0.98 * mean(o.latency_bound for o in late)


def test_a_decision_with_100_ready_tasks_takes_a_millisecond_at_most() -> None:
    draw = Random(0)
    graphs = [unrelated(draw, Shape(10, ()), 10) for _ in range(10)]
    times = []
    for _ in range(5):
        emulator = Emulator(graphs[0].machine, trace((0, graph) for graph in graphs))
        emulator.advance()
        assert len(emulator.state.ready) == 100
        begin, placed = process_time(), 0
        for task, element in scheduler("learned").decide(emulator.state):
            emulator.commit(task, element)
            placed += 1
        times.append((process_time() - begin) / max(1, placed))
    assert min(times) < 1e-3


def test_one_scheduler_serves_one_run_after_the_other() -> None:
    learned = scheduler("learned")
    graph = random_graph(5)
    ends = []
    for _ in range(2):
        emulator = Emulator(graph.machine, trace([(0, graph), (10, graph)]))
        while emulator.advance():
            for task, element in learned.decide(emulator.state):
                emulator.commit(task, element)
        ends.append(emulator.state.now)
    assert ends[0] == ends[1]
