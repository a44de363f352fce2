"""Bounds of windows: below everything, and reached where that can be known."""

from __future__ import annotations

import pytest

from wingbeat.sim.schedule.catalogue import SCHEDULERS, scheduler
from wingbeat.sim.schedule.clairvoyant import Clairvoyant
from wingbeat.sim.schedule.load import work
from wingbeat.sim.schedule.window import Window, cut
from wingbeat.sim.soc.catalogue import load_job, load_platform, load_workload
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.machine import Machine
from wingbeat.sim.soc.schedule import check


def top(*arrivals: int) -> Window:
    platform = load_platform("top")
    machine = platform.machine()
    graph = load_job("top_1").bind(platform, machine)
    return Window(machine, tuple((arrival, graph) for arrival in arrivals))


def test_a_job_alone_takes_its_optimum() -> None:
    bounds = Clairvoyant(60).solve(top(0))
    assert (bounds.lower, bounds.found) == (73, 73)


def test_jobs_that_do_not_meet_take_no_longer() -> None:
    bounds = Clairvoyant(60).solve(top(0, 100))
    assert (bounds.lower, bounds.found) == (73, 73)


def test_the_shorter_job_goes_first() -> None:
    machine = Machine(["P"], ["P"], [[1.0]])
    jobs = tuple((0, Graph(machine, ["t"], [[cost]], [])) for cost in (5, 1))
    bounds = Clairvoyant(10).solve(Window(machine, jobs))
    # ends at 1 and 6; the other way round it would be 5 and 6
    assert (bounds.lower, bounds.found) == (3.5, 3.5)


def test_elements_of_a_class_share_the_work() -> None:
    machine = Machine(["P.0", "P.1"], ["P", "P"], [[1.0, 1.0], [1.0, 1.0]])
    graph = Graph(machine, ["t"], [[4, 4]], [])
    bounds = Clairvoyant(10).solve(Window(machine, ((0, graph),) * 3))
    assert [bounds.lower, bounds.found] == pytest.approx([16 / 3, 16 / 3])
    assert work([graph] * 3) == pytest.approx([2, 2, 2])


@pytest.mark.parametrize("workload", ["top_variants", "radio_and_radar"])
def test_no_scheduler_is_below_the_bound(workload: str) -> None:
    window = cut(load_workload(workload), seed=3, begin=300, length=60)
    bounds = Clairvoyant(2).solve(window)
    assert 0 < bounds.lower <= bounds.found
    for name in SCHEDULERS:
        schedules = window.run(scheduler(name))
        check(schedules)
        assert window.latency(schedules) >= bounds.lower


def test_the_work_of_topcuoglus_example() -> None:
    # the least load of three elements, any share of a task on any of them: 30.8 ticks a job
    assert work([graph for _, graph in top(0, 0).jobs]) == pytest.approx([30.8, 30.8], abs=0.1)


def test_a_window_has_what_is_there_and_what_arrives() -> None:
    window = cut(load_workload("top"), seed=0, begin=1000, length=100)
    arrivals = [arrival for arrival, _ in window.jobs]
    assert arrivals == sorted(arrivals)
    assert arrivals[0] == 0 < arrivals[-1] < 100
    assert len(window.jobs) > 3


def test_without_time_a_heuristic_is_what_is_found() -> None:
    window = cut(load_workload("top"), seed=1, begin=500, length=100)
    bounds = Clairvoyant(0).solve(window)
    assert bounds.lower == 0
    known = [window.latency(window.run(scheduler(name))) for name in ("etf_late", "srpt")]
    assert bounds.found == min(known)
