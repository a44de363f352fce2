"""Workflows in WfFormat, the JSON of WfCommons: recorded ones, and what `wfcommons` generates.

T. Coleman et al., "WfCommons: a framework for enabling scientific workflow research and
development", Future Generation Computer Systems 128, 2022; schema 1.5, github.com/wfcommons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, NonNegativeFloat

from wingbeat.hw.errors import ScheduleError

TICKS_PER_SECOND = 1000
"""A workflow's tick is a millisecond; its data are counted in bytes."""


class _Task(BaseModel):
    id: str
    children: tuple[str, ...] = ()
    inputFiles: tuple[str, ...] = ()
    outputFiles: tuple[str, ...] = ()


class _File(BaseModel):
    id: str
    sizeInBytes: NonNegativeFloat = 0


class _Specification(BaseModel):
    tasks: tuple[_Task, ...]
    files: tuple[_File, ...] = ()


class _Executed(BaseModel):
    id: str
    runtimeInSeconds: NonNegativeFloat


class _Execution(BaseModel):
    tasks: tuple[_Executed, ...]


class _Workflow(BaseModel):
    specification: _Specification
    execution: _Execution


def as_job(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workflow as the object that a job's own JSON would be.

    A task's work is the time that it took, an edge's volume the size of the files that its source
    writes and its target reads.

    Raises
    ------
    pydantic.ValidationError
        If it is not WfFormat with the times of an execution.
    ScheduleError
        If a task was not executed.
    """
    workflow = _Workflow.model_validate(value["workflow"])
    tasks = {task.id: task for task in workflow.specification.tasks}
    sizes = {file.id: file.sizeInBytes for file in workflow.specification.files}
    seconds = {task.id: task.runtimeInSeconds for task in workflow.execution.tasks}
    for name in tasks:
        if name not in seconds:
            raise ScheduleError(f"task `{name}` of a workflow must have a runtime, and has none")
    return {
        "tasks": [{"name": name, "work": TICKS_PER_SECOND * seconds[name]} for name in tasks],
        "edges": [
            {"source": name, "target": child, "volume": _shared(task, tasks.get(child), sizes)}
            for name, task in tasks.items()
            for child in task.children
        ],
    }


def _shared(source: _Task, target: _Task | None, sizes: Mapping[str, float]) -> float:
    """Return the bytes of the files that one task writes and the other reads."""
    if target is None:
        return 0.0
    return sum(sizes.get(name, 0.0) for name in {*source.outputFiles} & {*target.inputFiles})
