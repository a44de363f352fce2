"""All schedulers by name, each in both of its roles."""

from __future__ import annotations

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.cpop import Cpop
from wingbeat.sim.schedule.eft import Eft
from wingbeat.sim.schedule.etf import Etf
from wingbeat.sim.schedule.etf_late import EtfLate
from wingbeat.sim.schedule.fifo import Fifo
from wingbeat.sim.schedule.follow import Follow
from wingbeat.sim.schedule.hbmct import Hbmct
from wingbeat.sim.schedule.heft import Heft
from wingbeat.sim.schedule.heft_rt import HeftRt
from wingbeat.sim.schedule.learned.policy import Learned
from wingbeat.sim.schedule.learned.search import LearnedPlanner
from wingbeat.sim.schedule.lookahead import Lookahead
from wingbeat.sim.schedule.mct import Mct
from wingbeat.sim.schedule.met import Met
from wingbeat.sim.schedule.minmin import MinMin
from wingbeat.sim.schedule.optimum import Optimum
from wingbeat.sim.schedule.peft import Peft
from wingbeat.sim.schedule.protocol import Planner, Scheduler, offline
from wingbeat.sim.schedule.srpt import Srpt
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule

SCHEDULERS: dict[str, type[Scheduler]] = {
    "eft": Eft,
    "etf": Etf,
    "etf_late": EtfLate,
    "fifo": Fifo,
    "heft_rt": HeftRt,
    "learned": Learned,
    "mct": Mct,
    "met": Met,
    "minmin": MinMin,
    "srpt": Srpt,
}
"""Those that decide as a run goes on."""

PLANNERS: dict[str, type[Planner]] = {
    "cpop": Cpop,
    "hbmct": Hbmct,
    "heft": Heft,
    "learned": LearnedPlanner,
    "lookahead": Lookahead,
    "optimum": Optimum,
    "peft": Peft,
}
"""Those that plan a whole job."""


def scheduler(name: str) -> Scheduler:
    """Return a new scheduler of streams; ScheduleError lists the names there are."""
    _known(name)
    return SCHEDULERS[name]() if name in SCHEDULERS else Follow(PLANNERS[name]())


def schedule_job(graph: Graph, name: str) -> Schedule:
    """Return a scheduler's schedule of one job; ScheduleError lists the names there are."""
    _known(name)
    if name in PLANNERS:
        return PLANNERS[name]().plan(graph)
    return offline(graph, SCHEDULERS[name]())


def _known(name: str) -> None:
    if name not in SCHEDULERS | PLANNERS:
        known = ", ".join(sorted(SCHEDULERS | PLANNERS))
        raise ScheduleError(f"scheduler must be one of {known}, not `{name}`")
