"""What a run showed: latency, throughput, and the jobs that did not get through."""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.state import NONE


@dataclass(frozen=True)
class Outcome:
    """A run, in figures; every job that arrived is counted once.

    Attributes
    ----------
    latency : mean ticks from arrival to the end, over the jobs that are finished
    latency_bound : the same over all jobs that were let in, those unfinished at the horizon with
        the ticks that they have waited by then: never more than the true mean
    finished, censored, rejected : numbers of jobs
    throughput : finished jobs per 1000 ticks
    utilisation : of each element, share of the time in which it executed a task
    """

    latency: float
    latency_bound: float
    finished: int
    censored: int
    rejected: int
    throughput: float
    utilisation: tuple[float, ...]


def outcome(emulator: Emulator) -> Outcome:
    """Return the figures of a run that has ended."""
    state = emulator.state
    finished = [run.finish - run.arrival for run in state.jobs if run.finish != NONE]
    censored = [state.now - run.arrival for run in state.jobs if run.finish == NONE]
    ticks = max(1, state.now)
    return Outcome(
        latency=_mean(finished),
        latency_bound=_mean(finished + censored),
        finished=len(finished),
        censored=len(censored),
        rejected=emulator.rejected,
        throughput=1000 * len(finished) / ticks,
        utilisation=tuple(element.busy / ticks for element in state.elements),
    )


def _mean(values: list[int]) -> float:
    return sum(values) / len(values) if values else float("nan")
