"""Streams of the package's workloads: latency first, everything that could be traded beside it."""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.sim.schedule.catalogue import scheduler as new_scheduler
from wingbeat.sim.schedule.stream import stream
from wingbeat.sim.soc.catalogue import load_platform, load_workload
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.outcome import outcome
from wingbeat.sw.scheduling.bench.case import Figures

NOISES = (0.0, 0.1, 0.2, 0.3)
"""Standard deviations of durations, as shares of costs; DS3's and what is between them."""

REGIONS = {"light": 150.0, "medium": 60.0, "saturated": 30.0}
"""Mean gaps of `radio_and_radar` in us.

Under ETF its busiest elements, the A15, are busy for 0.24, 0.58 and 0.96 of the time; at 30 us the
A7 are as well (0.89), and jobs begin to be rejected: about 33 jobs a millisecond are the most.
"""

RADIO = "radio_and_radar"
"""The real-world profile: all jobs of DS3's SoC."""


@dataclass(frozen=True)
class StreamCase:
    """A workload with a noise and a mean gap, until a horizon; None: the workload's own."""

    name: str
    workload: str
    count: int
    noise: float = 0.0
    mean_gap: float | None = None
    horizon: int | None = None
    metric: str = "latency"

    @property
    def unit(self) -> str:
        """What a tick is."""
        return load_platform(load_workload(self.workload).platform).unit

    def measure(self, scheduler: str, seed: int) -> Figures:
        """Return what the stream showed."""
        return stream_figures(
            stream(
                load_workload(self.workload),
                new_scheduler(scheduler),
                seed=seed,
                noise=self.noise,
                mean_gap=self.mean_gap,
                horizon=self.horizon,
            )
        )


def stream_figures(emulator: Emulator) -> Figures:
    """Return the figures of a stream that has ended; every job that arrived is in one of them.

    `latency` counts all jobs that were let in, those unfinished at the horizon with what they have
    waited by then; `finished_latency` leaves those out, as DS3 does.
    """
    figures = outcome(emulator)
    return {
        "latency": figures.latency_bound,
        "finished_latency": figures.latency,
        "throughput": figures.throughput,
        "finished": figures.finished,
        "censored": figures.censored,
        "rejected": figures.rejected,
    }


def stream_cases(quick: bool, seeds: int) -> list[StreamCase]:
    """Return DS3's streams at all noises, and the regions of load; quick: few, and short ones."""
    noises, top, radio = (NOISES[:2], 1000, 2000) if quick else (NOISES, None, 20_000)
    tops = [
        StreamCase(f"{workload}, noise {noise:g}", workload, seeds, noise, horizon=top)
        for workload in ("top", "top_variants")
        for noise in noises
    ]
    return tops + [
        StreamCase(f"{RADIO}, {region}", RADIO, seeds, mean_gap=gap, horizon=radio)
        for region, gap in REGIONS.items()
    ]
