"""A window of a stream: a problem that is the same for every scheduler, and small enough to bound.

What a limit turns away depends on the scheduler, so a window has no limit: its jobs are those that
ETF let in, and all of them are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wingbeat.sim.schedule.etf import Etf
from wingbeat.sim.schedule.protocol import Scheduler, run
from wingbeat.sim.schedule.stream import stream
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.machine import Machine
from wingbeat.sim.soc.schedule import Schedule, recorded
from wingbeat.sim.soc.state import NONE
from wingbeat.sim.soc.workload import Workload, trace


@dataclass(frozen=True)
class Window:
    """Jobs on a machine that is idle at first.

    Attributes
    ----------
    machine : the elements
    jobs : ticks of each job's arrival, ascending, and its graph
    """

    machine: Machine
    jobs: tuple[tuple[int, Graph], ...]

    def run(self, scheduler: Scheduler) -> list[Schedule]:
        """Return when and where a scheduler executes the jobs' tasks, without noise."""
        emulator = Emulator(self.machine, trace(self.jobs))
        run(emulator, scheduler)
        return recorded(emulator.state)

    def latency(self, schedules: Sequence[Schedule]) -> float:
        """Return the mean ticks from arrival to the end of all jobs."""
        pairs = zip(schedules, self.jobs, strict=True)
        return sum(one.makespan - arrival for one, (arrival, _) in pairs) / len(self.jobs)


def cut(
    workload: Workload, *, seed: int, begin: int, length: int, mean_gap: float | None = None
) -> Window:
    """Return a window of a workload under ETF.

    The jobs that are in the system when it begins are there at its time 0, none of their tasks
    done; the others arrive when they do in the stream.

    Parameters
    ----------
    workload, seed, mean_gap : as in `stream`
    begin, length : ticks
    """
    emulator = stream(workload, Etf(), seed=seed, mean_gap=mean_gap, horizon=begin + length)
    state = emulator.state
    jobs = [
        (max(0, job.arrival - begin), job.graph)
        for job in state.jobs
        if job.arrival >= begin or job.finish == NONE or job.finish > begin
    ]
    return Window(state.machine, tuple(jobs))
