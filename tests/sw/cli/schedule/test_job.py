from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.sw.cli.terminal import wingbeat

SMALL = {
    "tasks": [{"name": "a", "costs": {"P1": 3}}, {"name": "b", "costs": {"P1": 9, "P3": 2}}],
    "edges": [{"source": "a", "target": "b", "volume": 1}],
}


@pytest.mark.parametrize(("scheduler", "makespan"), [("heft", 80), ("etf", 80), ("optimum", 73)])
def test_a_shipped_job_is_scheduled(scheduler: str, makespan: int) -> None:
    ended = wingbeat("schedule", "top_1", "--platform", "top", "--scheduler", scheduler, "--json")
    value = json.loads(ended.out)
    assert (ended.code, value["makespan"], len(value["tasks"])) == (0, makespan, 10)
    assert value.get("bound") == (73 if scheduler == "optimum" else None)


def test_all_files_are_written(tmp_path: Path) -> None:
    dag = tmp_path / "small.json"
    dag.write_text(json.dumps(SMALL))
    files = [tmp_path / name for name in ("schedule.json", "gantt.svg", "trace.json")]
    options = [
        word
        for pair in zip(("-o", "--gantt", "--trace"), files, strict=True)
        for word in pair
    ]  # fmt: skip
    ended = wingbeat("schedule", dag, "--platform", "top", *options)
    assert ended.code == 0
    assert "heft: 6 ticks" in ended.err
    assert [line for line in ended.out.splitlines() if " b " in line]
    value = json.loads(files[0].read_text())
    assert (value["job"], value["makespan"]) == ("small", 6)
    assert value["tasks"][1] == {"name": "b", "element": "P3", "start": 4, "finish": 6}
    assert files[1].read_text().startswith("<?xml")
    events = json.loads(files[2].read_text())["traceEvents"]
    assert [(e["ts"], e["dur"]) for e in events if e["ph"] == "X"] == [(0, 3), (4, 2)]
    assert [(e["ph"], e["ts"]) for e in events if e["ph"] in "sf"] == [("s", 3), ("f", 4)]


def test_a_platform_of_ones_own(tmp_path: Path) -> None:
    platform = tmp_path / "mine.yaml"
    platform.write_text("elements: {P1: 1, P3: 2}\ncosts: {}\nbandwidth: 0.5\n")
    dag = tmp_path / "small.json"
    dag.write_text(json.dumps(SMALL))
    ended = wingbeat("schedule", dag, "--platform", platform, "--json")
    assert json.loads(ended.out)["makespan"] == 7


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["top_1", "--platform", "nothing"], "platform must be one of ds3_soc, top, not"),
        (["nothing", "--platform", "top"], "job must be one of range_detection, "),
        (["nothing.json", "--platform", "top"], "job `nothing.json` must be readable"),
        (["top_1", "--platform", "nothing.yaml"], "platform `nothing.yaml` must be readable"),
        (["top_1", "--platform", "top", "--scheduler", "fastest"], "scheduler must be one of "),
        (["top_1", "--platform", "ds3_soc"], "type of task `task_1` must be one that platform "),
        (["top_1", "--platform", "top", "--gantt", "g.gif"], "picture must be a file that ends in"),
        (["top_1", "--platform", "top", "-o", "/nothing/s.json"], "output `/nothing/s.json` must"),
    ],
)
def test_a_refusal_is_one_sentence(words: list[str], sentence: str) -> None:
    assert wingbeat("schedule", *words).complaint.startswith(sentence)


@pytest.mark.parametrize(
    "text", ["elements: {A: 0}\ncosts: {}\nbandwidth: 1\n", "[", "3", "a: 1\n"]
)
def test_a_malformed_platform_is_one_sentence(tmp_path: Path, text: str) -> None:
    platform = tmp_path / "mine.yaml"
    platform.write_text(text)
    complaint = wingbeat("schedule", "top_1", "--platform", platform).complaint
    assert complaint.startswith(f"platform `{platform}`")
