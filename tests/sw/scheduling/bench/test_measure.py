from __future__ import annotations

import pytest

from wingbeat.hw.errors import ScheduleError
from wingbeat.sw.scheduling.bench.case import Case
from wingbeat.sw.scheduling.bench.measure import measure
from wingbeat.sw.scheduling.bench.offline import RelatedCase
from wingbeat.sw.scheduling.bench.streams import StreamCase

CASES: list[Case] = [
    RelatedCase("tree", 10, 3),
    StreamCase("top", "top", 2, noise=0.1, horizon=300),
]


def test_processes_do_not_change_figures() -> None:
    shares: list[float] = []
    one = measure(CASES, ["etf", "heft"], 1, lambda _, share: shares.append(share))
    two = measure(CASES, ["etf", "heft"], 2, lambda _, share: None)
    assert one == two
    assert shares == [done / 10 for done in range(1, 11)]
    assert [len(one[case.name]["etf"]) for case in CASES] == [3, 2]


def test_seeds_and_schedulers_differ() -> None:
    figures = measure(CASES, ["etf", "met"], 1, lambda _, share: None)["top"]
    latencies = {run["latency"] for runs in figures.values() for run in runs}
    assert len(latencies) == 4


def test_a_refusal_in_a_process_is_raised_here() -> None:
    with pytest.raises(ScheduleError, match="scheduler must be one of"):
        measure(CASES, ["etf", "fastest"], 2, lambda _, share: None)
