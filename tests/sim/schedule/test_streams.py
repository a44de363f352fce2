"""Streams of DS3's Top: latencies that others measured, and runs that are sound."""

from __future__ import annotations

from statistics import mean

import pytest

from wingbeat.sim.schedule.catalogue import PLANNERS, SCHEDULERS, scheduler
from wingbeat.sim.schedule.stream import stream
from wingbeat.sim.soc.catalogue import load_workload
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.outcome import outcome
from wingbeat.sim.soc.schedule import check, recorded

MEASURED = {  # mean latency, five seeds, of a repaired copy of SoCRATES: top, its variants
    "etf": (104.2, 110.9),
    "met": (108.0, 120.6),
    "eft": (110.0, 114.5),
    "heft_rt": (122.1, 127.0),
}


def emulate(name: str, workload: str, seed: int, noise: float = 0.0) -> Emulator:
    described = load_workload(workload)
    horizon = min(described.horizon, 20_000)
    return stream(described, scheduler(name), seed=seed, noise=noise, horizon=horizon)


@pytest.mark.parametrize("name", sorted(MEASURED))
@pytest.mark.parametrize("workload", ["top", "top_variants"])
def test_latencies_are_near_those_of_the_emulator_of_the_paper(name: str, workload: str) -> None:
    runs = [outcome(emulate(name, workload, seed)) for seed in range(5)]
    expected = MEASURED[name][workload == "top_variants"]
    assert mean(run.latency for run in runs) == pytest.approx(expected, rel=0.03)
    assert all(run.rejected > 50 and run.censored <= 3 for run in runs)


@pytest.mark.parametrize("name", sorted((SCHEDULERS | PLANNERS).keys() - {"optimum"}))
@pytest.mark.parametrize("workload", ["top", "radio_and_radar"])
def test_every_scheduler_serves_streams(name: str, workload: str) -> None:
    emulator = emulate(name, workload, seed=1, noise=0.1)
    check(recorded(emulator.state), exact=False)
    assert outcome(emulator).finished > 30


@pytest.mark.parametrize("workload", ["top", "radio_and_radar"])
def test_a_stream_without_noise_takes_what_it_costs(workload: str) -> None:
    check(recorded(emulate("etf", workload, seed=2).state))


def test_fewer_jobs_make_shorter_latencies() -> None:
    workload = load_workload("radio_and_radar")
    light, heavy = (
        outcome(stream(workload, scheduler("etf"), seed=3, mean_gap=gap, horizon=20_000))
        for gap in (300, 50)
    )
    assert light.latency < heavy.latency
    assert light.throughput < heavy.throughput


def test_committing_late_is_better_under_load() -> None:
    workload = load_workload("radio_and_radar")
    early, late = (
        [
            outcome(stream(workload, scheduler(name), seed=seed, mean_gap=40, horizon=20_000))
            for seed in range(4)
        ]
        for name in ("etf", "etf_late")
    )
    assert mean(run.latency for run in late) < 0.95 * mean(run.latency for run in early)
    assert all(run.rejected == 0 for run in early + late)
