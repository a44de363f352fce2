from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.sw.cli.terminal import wingbeat


@pytest.mark.parametrize("grain", ["start", "group"])
def test_what_is_exported_can_be_scheduled(image_file: Path, tmp_path: Path, grain: str) -> None:
    dag, platform = tmp_path / "work.json", tmp_path / "units.yaml"
    requests = ("--request", "3:2", "--request", "8:1")
    files = ("-o", dag, "--platform", platform)
    ended = wingbeat("schedule", "export", image_file, *requests, *files, "--grain", grain)
    assert ended.code == 0
    assert "tasks of 2 requests" in ended.err
    ended = wingbeat("schedule", dag, "--platform", platform, "--scheduler", "etf", "--json")
    assert ended.code == 0
    value = json.loads(ended.out)
    assert value["unit"] == "cycles"
    busy = {name for name, share in value["utilisation"].items() if share > 0}
    units = {"device"} if grain == "start" else {"LD", "ST", "MPE", "MISC"}
    assert busy >= units | {"host.0"}


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ("3", "a request must be PROMPT:TOKENS, such as 32:8, not `3`"),
        ("60:9", "request r1 of 60 + 9 tokens must fit the context of 64"),
    ],
)
def test_a_refusal_is_one_sentence(
    image_file: Path, tmp_path: Path, request_: str, sentence: str
) -> None:
    files = ("-o", tmp_path / "work.json", "--platform", tmp_path / "units.yaml")
    ended = wingbeat("schedule", "export", image_file, "--request", request_, *files)
    assert ended.complaint == sentence
    assert list(tmp_path.iterdir()) == []
