"""Workflows of WfCommons become jobs."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.catalogue import schedule_job
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph
from wingbeat.sim.soc.job import read_job
from wingbeat.sim.soc.platform import Platform

PLATFORM = Platform(
    name="cluster",
    elements={"fast": 1, "slow": 2, "other": 1},
    costs={},
    speeds={"fast": 2.0, "slow": 0.5},
    bandwidth=1000,
)

# what `wfcommons` 1.6 writes, cut to two tasks
WORKFLOW: dict[str, Any] = {
    "name": "Blast",
    "schemaVersion": "1.5",
    "workflow": {
        "specification": {
            "tasks": [
                {
                    "name": "split_fasta", "id": "split_fasta_00000001", "parents": [],
                    "children": ["blastall_00000002"],
                    "inputFiles": ["in.txt"], "outputFiles": ["part.txt", "log.txt"],
                },
                {
                    "name": "blastall", "id": "blastall_00000002",
                    "parents": ["split_fasta_00000001"], "children": [],
                    "inputFiles": ["part.txt"], "outputFiles": ["out.txt"],
                },
            ],
            "files": [
                {"id": "in.txt", "sizeInBytes": 500}, {"id": "part.txt", "sizeInBytes": 7000},
                {"id": "log.txt", "sizeInBytes": 100}, {"id": "out.txt", "sizeInBytes": 1},
            ],
        },
        "execution": {
            "makespanInSeconds": 0, "executedAt": "2024-01-01T00:00:00Z",
            "tasks": [
                {"id": "split_fasta_00000001", "runtimeInSeconds": 0.003, "coreCount": 1},
                {"id": "blastall_00000002", "runtimeInSeconds": 1.5, "machines": ["node"]},
            ],
        },
    },
}  # fmt: skip


def bound(folder: Path, value: dict[str, Any], platform: Platform = PLATFORM) -> Graph:
    path = folder / "workflow.json"
    path.write_text(json.dumps(value))
    return read_job(path).bind(platform, platform.machine())


def test_work_takes_time_by_speed_and_files_travel(tmp_path: Path) -> None:
    graph = bound(tmp_path, WORKFLOW)
    assert graph.names == ("split_fasta_00000001", "blastall_00000002")
    assert graph.costs == [[2, 6, 6, UNSUPPORTED], [750, 3000, 3000, UNSUPPORTED]]
    assert graph.edges == ((0, 1, 7000.0),)
    assert schedule_job(graph, "heft").makespan == 752


def test_a_task_without_a_runtime_is_one_sentence(tmp_path: Path) -> None:
    value = copy.deepcopy(WORKFLOW)
    del value["workflow"]["execution"]["tasks"][1]
    with pytest.raises(ScheduleError, match=r"^task `blastall_00000002` of a workflow must have a"):
        bound(tmp_path, value)


def test_a_workflow_that_was_not_executed_is_one_sentence(tmp_path: Path) -> None:
    value = copy.deepcopy(WORKFLOW)
    del value["workflow"]["execution"]
    with pytest.raises(ScheduleError, match=r"^job `.*workflow.json`: .*execution"):
        bound(tmp_path, value)


def test_a_child_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    value = copy.deepcopy(WORKFLOW)
    value["workflow"]["specification"]["tasks"][1]["children"] = ["nothing"]
    with pytest.raises(ScheduleError, match="must join tasks of the job, and `nothing` is none"):
        bound(tmp_path, value)


def test_work_needs_a_platform_with_speeds(tmp_path: Path) -> None:
    platform = PLATFORM.model_copy(update={"speeds": {}})
    with pytest.raises(ScheduleError, match="platform `cluster` must have speeds, and has none"):
        bound(tmp_path, WORKFLOW, platform)


def test_speeds_are_of_classes_that_there_are() -> None:
    with pytest.raises(ValueError, match="must be one of A, not `B`"):
        Platform(name="p", elements={"A": 1}, costs={}, speeds={"B": 1.0}, bandwidth=1)
