"""Single jobs of DS3's SoC, beside the figures of the paper."""

from __future__ import annotations

import pytest
from tests.sim.soc.graphs import shipped

from wingbeat.sim.schedule.catalogue import schedule_job

PUBLISHED = {"wifi_tx": 69, "wifi_rx": 301, "range_detection": 177}  # DS3, ETF, microseconds


@pytest.mark.parametrize("job", sorted(PUBLISHED))
def test_etf_takes_as_long_as_in_the_paper(job: str) -> None:
    schedule = schedule_job(shipped(job, "ds3_soc"), "etf")
    assert schedule.makespan == pytest.approx(PUBLISHED[job], abs=2)
