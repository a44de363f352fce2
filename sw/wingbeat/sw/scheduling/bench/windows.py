"""Windows of streams against what a scheduler could reach that knows the future."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wingbeat.sim.schedule.catalogue import scheduler as new_scheduler
from wingbeat.sim.schedule.clairvoyant import Clairvoyant
from wingbeat.sim.schedule.window import Window, cut
from wingbeat.sim.soc.catalogue import load_platform, load_workload
from wingbeat.sim.soc.schedule import check
from wingbeat.sw.scheduling.bench.case import Figures
from wingbeat.sw.scheduling.bench.proofs import graph_facts, proved
from wingbeat.sw.scheduling.bench.streams import RADIO, REGIONS

SECONDS, WORKERS = 30.0, 8
"""The solver's time for a window, and its threads: different searches, even on two cores."""


@dataclass(frozen=True)
class WindowCase:
    """Windows of a workload under ETF, one for each seed; see `wingbeat.sim.schedule.window`.

    Attributes
    ----------
    begin, length : of a window, in ticks
    """

    name: str
    workload: str
    begin: int
    length: int
    count: int
    mean_gap: float | None = None
    metric: str = "latency"

    @property
    def unit(self) -> str:
        """What a tick is."""
        return load_platform(load_workload(self.workload).platform).unit

    def window(self, seed: int) -> Window:
        """Return a window."""
        return _window(self, seed)

    def proof(self, seed: int) -> tuple[str, Any]:
        """Return the key of a window's bounds, and the bounds: lower, found."""

        def solve() -> list[float]:
            bounds = Clairvoyant(SECONDS, WORKERS).solve(window)
            return [bounds.lower, bounds.found]

        window = self.window(seed)
        return proved([(arrival, graph_facts(graph)) for arrival, graph in window.jobs], solve)

    def measure(self, scheduler: str, seed: int) -> Figures:
        """Return the mean latency of the window's jobs, and that as a share of both bounds."""
        window = self.window(seed)
        schedules = window.run(new_scheduler(scheduler))
        check(schedules)
        latency = window.latency(schedules)
        _, (lower, found) = self.proof(seed)
        return {
            "latency": latency,
            "lower": lower,
            "found": found,
            "over_lower": latency / lower,
            "over_found": latency / found,
        }


@lru_cache(maxsize=8)
def _window(case: WindowCase, seed: int) -> Window:
    """Return a window; the same for one scheduler after the other."""
    workload = load_workload(case.workload)
    return cut(workload, seed=seed, begin=case.begin, length=case.length, mean_gap=case.mean_gap)


def window_cases(quick: bool) -> list[WindowCase]:
    """Return windows of DS3's streams and of each region of load; quick: one, of light load."""
    lengths = {"light": 600, "medium": 300, "saturated": 150}
    radio = [
        WindowCase(f"{RADIO}, {region}", RADIO, 10_000, lengths[region], 10, mean_gap=gap)
        for region, gap in REGIONS.items()
    ]
    if quick:
        return [WindowCase("light", RADIO, 10_000, 100, 1, mean_gap=REGIONS["light"])]
    tops = [WindowCase(name, name, 1000, 75, 10) for name in ("top", "top_variants")]
    return [*tops, *radio]
