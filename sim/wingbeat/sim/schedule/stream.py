"""A workload of the package under a scheduler."""

from __future__ import annotations

from functools import cache

from wingbeat.sim.schedule.protocol import Scheduler, run
from wingbeat.sim.soc.catalogue import load_job, load_platform
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.workload import Workload, exponential


def stream(
    workload: Workload,
    scheduler: Scheduler,
    *,
    seed: int,
    noise: float = 0.0,
    mean_gap: float | None = None,
    horizon: int | None = None,
) -> Emulator:
    """Return the emulator at the end of a run.

    Parameters
    ----------
    workload : the jobs
    scheduler : places their tasks
    seed : of arrivals and noise; schedulers meet the same under the same seed
    noise : as in `Emulator`
    mean_gap, horizon : instead of the workload's
    """
    graphs = _graphs(workload.platform, tuple(workload.jobs))
    emulator = Emulator(
        graphs[0].machine,
        exponential(graphs, list(workload.jobs.values()), mean_gap or workload.mean_gap, seed),
        workload.admission,
        noise=noise,
        seed=seed,
        horizon=horizon or workload.horizon,
    )
    run(emulator, scheduler)
    return emulator


@cache
def _graphs(platform: str, jobs: tuple[str, ...]) -> list[Graph]:
    described = load_platform(platform)
    machine = described.machine()
    return [load_job(job).bind(described, machine) for job in jobs]
