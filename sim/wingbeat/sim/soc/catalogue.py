"""Platforms, jobs and workloads that the package ships, by name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.soc.job import Job
from wingbeat.sim.soc.platform import Platform
from wingbeat.sim.soc.workload import Workload

Kind = Literal["platform", "job", "workload"]
_Description = TypeVar("_Description", bound=BaseModel)


@cache
def names(kind: Kind) -> tuple[str, ...]:
    """Return the names of the platforms, the jobs or the workloads that there are."""
    folder = files("wingbeat.sim.soc") / f"{kind}s"
    return tuple(
        sorted(
            entry.name.removesuffix(".yaml")
            for entry in folder.iterdir()
            if entry.name.endswith(".yaml")
        )
    )


@cache
def load_platform(name: str) -> Platform:
    """Return a platform by name; ScheduleError lists the names there are."""
    return _load("platform", name, Platform)


@cache
def load_job(name: str) -> Job:
    """Return a job by name; ScheduleError lists the names there are."""
    return _load("job", name, Job)


@cache
def load_workload(name: str) -> Workload:
    """Return a workload by name; ScheduleError lists the names there are."""
    return _load("workload", name, Workload)


def _load(kind: Kind, name: str, model: type[_Description]) -> _Description:
    if name not in names(kind):
        raise ScheduleError(f"{kind} must be one of {', '.join(names(kind))}, not `{name}`")
    text = (files("wingbeat.sim.soc") / f"{kind}s" / f"{name}.yaml").read_text(encoding="utf-8")
    return model.model_validate({"name": name} | yaml.safe_load(text))
