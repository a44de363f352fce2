from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.sw.cli.terminal import wingbeat

QUICK = ("schedule", "bench", "--quick", "--seeds", "2", "--processes", "1", "--json")
TWO = ("--scheduler", "etf", "--scheduler", "heft")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    files = ("-o", folder / "b.json", "--markdown", folder / "b.md", "--pictures", folder / "new")
    ended = wingbeat(*QUICK, *TWO, *files)
    assert ended.code == 0
    return ended.out


def test_all_parts_are_compared(printed: str) -> None:
    parts = json.loads(printed)["parts"]
    assert {name: len(cases) for name, cases in parts.items()} == {
        "streams": 7, "offline": 1, "related": 3, "unseen": 1, "windows": 1, "decisions": 1,
    }  # fmt: skip
    for cases in parts.values():
        for case in cases:
            assert case["schedulers"].keys() == {"etf", "heft"}
            assert case["runs"] >= 1
    (offline,) = parts["offline"]
    assert 1.0 <= offline["schedulers"]["heft"]["ratio"]["mean"] < 1.3
    (windows,) = parts["windows"]
    assert windows["schedulers"]["etf"]["over_lower"]["mean"] >= 1.0
    (decisions,) = parts["decisions"]
    assert decisions["schedulers"]["etf"]["placed"]["mean"] == 100


def test_differences_are_of_runs_under_the_same_seed(printed: str) -> None:
    for case in json.loads(printed)["parts"]["streams"]:
        heft = case["schedulers"]["heft"]
        assert heft["against"]["etf"]["mean"] > 0
        assert heft["against"]["etf"]["worse"] == 1.0
        assert heft["latency"]["half"] > 0


def test_files_are_written(printed: str, folder: Path) -> None:
    assert json.loads((folder / "b.json").read_text()) == json.loads(printed)
    text = (folder / "b.md").read_text()
    assert "### streams: radio_and_radar, saturated (2 runs)" in text
    assert len([line for line in text.splitlines() if line.startswith("| heft |")]) == 14
    for name in ("schedule_latency.svg", "schedule_noise.svg"):
        assert (folder / "new" / name).read_text().startswith("<?xml")


def test_a_table_has_the_best_first() -> None:
    words = ("schedule", "bench", "--quick", "--part", "related", "--processes", "1")
    ended = wingbeat(*words, "--scheduler", "met", "--scheduler", "heft")
    assert ended.code == 0
    names = [line.split("│")[1].strip() for line in ended.out.splitlines() if line.startswith("│")]
    assert names == ["heft", "met"] * 3
    assert "2 schedulers" in ended.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--part", "speed"], "part must be one of streams, offline, "),
        (["--scheduler", "fastest"], "scheduler must be one of cpop, "),
        (["--part", "related", "-o", "/nothing/b.json"], "output `/nothing/b.json` must be "),
        (["--part", "streams", "--pictures", "/dev/null"], "picture `/dev/null/schedule_"),
    ],
)
def test_a_refusal_is_one_sentence(words: list[str], sentence: str) -> None:
    some = () if "fastest" in words else ("--scheduler", "etf")
    assert wingbeat(*QUICK, *some, *words).complaint.startswith(sentence)
