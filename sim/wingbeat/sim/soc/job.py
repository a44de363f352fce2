"""Jobs: task graphs before they are bound to a platform, from YAML or from anybody's JSON."""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, ValidationError

from wingbeat.hw.config import explain
from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.machine import Machine
from wingbeat.sim.soc.platform import Platform
from wingbeat.sim.soc.workflow import as_job


class Task(BaseModel):
    """A task.

    Attributes
    ----------
    name : unique in its job
    type : what the platform's costs call it; by default, its name
    costs : ticks by class of element, instead of a type
    work : ticks on an element of speed 1, instead of either; rounded up where speeds differ
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: str | None = None
    costs: dict[str, int] | None = None
    work: NonNegativeFloat | None = None


class Edge(BaseModel):
    """Data from a task to another, which waits for them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    target: str
    volume: NonNegativeFloat = 0


class Job(BaseModel):
    """A task graph.

    Attributes
    ----------
    name : what commands take
    title : what it is
    source : where the figures are from
    tasks : at least one
    edges : what waits for what
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str = ""
    source: str = ""
    tasks: tuple[Task, ...] = Field(min_length=1)
    edges: tuple[Edge, ...] = ()

    def bind(self, platform: Platform, machine: Machine) -> Graph:
        """Return the job's graph on a platform.

        Parameters
        ----------
        platform : where the costs are looked up
        machine : of that platform; jobs that run together share it

        Raises
        ------
        ScheduleError
            If a name or a type is unknown, or the graph is none that can be executed.
        """
        numbers = {task.name: number for number, task in enumerate(self.tasks)}
        if len(numbers) < len(self.tasks):
            names = [task.name for task in self.tasks]
            twice = next(name for name in names if names.count(name) > 1)
            raise ScheduleError(f"names of tasks must be unique, and `{twice}` is not")
        for edge in self.edges:
            for name in (edge.source, edge.target):
                if name not in numbers:
                    raise ScheduleError(
                        f"edge `{edge.source}` -> `{edge.target}` must join tasks of the job, "
                        f"and `{name}` is none"
                    )
        return Graph(
            machine,
            tuple(numbers),
            [_costs(task, platform) for task in self.tasks],
            [(numbers[e.source], numbers[e.target], e.volume) for e in self.edges],
        )


def _costs(task: Task, platform: Platform) -> list[int]:
    if task.costs is not None:
        for name in task.costs:
            if name not in platform.elements:
                raise ScheduleError(
                    f"costs of task `{task.name}` must be of classes of platform "
                    f"`{platform.name}` ({', '.join(platform.elements)}), not of `{name}`"
                )
        return platform.row(task.costs)
    if task.work is not None:
        if not platform.speeds:
            raise ScheduleError(
                f"platform `{platform.name}` must have speeds, and has none: task `{task.name}` "
                f"has work and no costs"
            )
        return platform.row(
            {name: ceil(task.work / speed) for name, speed in platform.speeds.items()}
        )
    kind = task.name if task.type is None else task.type
    if kind not in platform.costs:
        raise ScheduleError(
            f"type of task `{task.name}` must be one that platform `{platform.name}` has costs "
            f"of, not `{kind}`"
        )
    return platform.row(platform.costs[kind])


def read_job(path: Path) -> Job:
    """Return the job that a JSON file describes: `{"tasks": [...], "edges": [...]}`, or WfFormat.

    Raises
    ------
    ScheduleError
        If the file cannot be read, or does not describe a job.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScheduleError(f"job `{path}` must be readable: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ScheduleError(f"job `{path}` must be JSON: {error}") from None
    if not isinstance(value, dict):
        raise ScheduleError(f"job `{path}` must be a JSON object, not {type(value).__name__}")
    try:
        described = as_job(value) if "workflow" in value else value
        return Job.model_validate({"name": path.stem} | described)
    except ValidationError as error:
        raise ScheduleError(f"job `{path}`: {explain(error)}") from None
