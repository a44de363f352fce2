"""FIFO and SRPT: which job is served first."""

from __future__ import annotations

from statistics import mean

from wingbeat.sim.schedule.catalogue import scheduler
from wingbeat.sim.schedule.protocol import run
from wingbeat.sim.schedule.stream import stream
from wingbeat.sim.soc.catalogue import load_workload
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.machine import Machine
from wingbeat.sim.soc.outcome import outcome
from wingbeat.sim.soc.workload import trace


def ends(name: str, *jobs: tuple[int, tuple[int, ...]]) -> list[int]:
    """Return the ends of jobs that are chains of tasks on one element: arrival, costs."""
    machine = Machine(["P"], ["P"], [[1.0]])
    graphs = [
        (
            arrival,
            Graph(
                machine,
                [f"t{task}" for task in range(len(costs))],
                [[cost] for cost in costs],
                [(task, task + 1, 0) for task in range(len(costs) - 1)],
            ),
        )
        for arrival, costs in jobs
    ]
    emulator = Emulator(machine, trace(graphs))
    run(emulator, scheduler(name))
    return [job.finish for job in emulator.state.jobs]


def test_fifo_finishes_a_job_before_it_begins_the_next() -> None:
    assert ends("fifo", (0, (5, 5, 5)), (1, (2,)), (2, (1,))) == [15, 17, 18]


def test_srpt_goes_on_with_the_job_that_is_done_first() -> None:
    # at 5 the first job has 10 left; the third has less left than the second
    assert ends("srpt", (0, (5, 5, 5)), (1, (2, 2)), (2, (1,))) == [20, 10, 6]


def test_srpt_counts_what_is_left_and_not_what_a_job_was() -> None:
    assert ends("srpt", (0, (9, 1)), (1, (2,))) == [10, 12]


def test_srpt_is_better_than_etf_on_real_jobs_under_load() -> None:
    workload = load_workload("radio_and_radar")
    shortest, earliest = (
        [
            outcome(stream(workload, scheduler(name), seed=seed, mean_gap=60, horizon=10_000))
            for seed in range(3)
        ]
        for name in ("srpt", "etf")
    )
    assert mean(r.latency_bound for r in shortest) < 0.95 * mean(r.latency_bound for r in earliest)
    assert all(r.rejected == 0 for r in shortest + earliest)
