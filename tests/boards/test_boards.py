"""Boards: each file loads, and a wrong one is refused in one sentence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wingbeat.boards import board
from wingbeat.boards.board import Board, board_names, load_board
from wingbeat.hw.errors import ConfigError

NAMES = ("kv260", "pynq_z2", "sim1", "sim4", "sim4s", "u280", "ulx3s", "zcu104")

SOUND = """
title: a board
part: xc7
host: pynq
memory: {kind: DDR3, mebibytes: 512, gigabytes_per_second: 2.1}
accelerator: {lanes: 2}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of boards of its own."""
    monkeypatch.setattr(board, "files", lambda package: tmp_path)
    load_board.cache_clear()
    yield tmp_path
    load_board.cache_clear()


def test_the_boards_are_listed_by_name() -> None:
    assert board_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_board_loads_under_its_name(name: str) -> None:
    found = load_board(name)
    assert found.name == name
    assert found.title
    assert found.host in ("pynq", "xrt", "serial", "simulation")


@pytest.mark.parametrize("name", NAMES)
def test_a_board_and_its_accelerator_name_the_same_family(name: str) -> None:
    found = load_board(name)
    families = {"none": "BEHAVIOURAL", "xc7": "DSP48E1", "xc": "DSP48E2", "LFE5": "MULT18X18D"}
    prefix = next(prefix for prefix in families if found.part.startswith(prefix))
    assert found.accelerator.multiplier == families[prefix]


def test_a_board_says_what_its_file_says() -> None:
    found = load_board("zcu104")
    assert found.part == "xczu7ev-ffvc1156-2-e"
    assert found.memory.mebibytes == 2048
    assert (found.accelerator.lanes, found.accelerator.columns) == (4, 3)


def test_an_unknown_board_is_answered_with_those_there_are() -> None:
    with pytest.raises(ConfigError) as caught:
        load_board("nexys")
    assert str(caught.value) == (
        "board must be one of kv260, pynq_z2, sim1, sim4, sim4s, u280, ulx3s, zcu104, not `nexys`"
    )


def test_a_path_is_no_board() -> None:
    with pytest.raises(ConfigError, match=r"not `\.\./boards/sim4`"):
        load_board("../boards/sim4")


def test_a_file_put_beside_the_others_is_a_board(folder: Path) -> None:
    (folder / "mine.yaml").write_text(SOUND, encoding="utf-8")
    (folder / "notes.txt").write_text("none", encoding="utf-8")
    assert board_names() == ("mine",)
    assert isinstance(load_board("mine"), Board)


@pytest.mark.parametrize(
    ("old", "new", "because"),
    [
        ("part: xc7\n", "", "`part`: field required"),
        ("mebibytes: 512", "mebibytes: 0", "`memory.mebibytes`: input should be greater than 0"),
        ("2.1", "-2", "`memory.gigabytes_per_second`: input should be greater than 0, not -2"),
        ("lanes: 2", "lanes: 99", "`accelerator.lanes`: input should be less than or equal to 64"),
        ("lanes: 2", "lanes: 2, ports: 3", "`lanes` must be a multiple of `ports` (3), not 2"),
        ("host:", "hots:", "`host`: field required"),
        ("part:", "colour: red\npart:", "`colour`: extra inputs"),
    ],
)
def test_a_mistake_is_named_with_its_board_and_field(
    folder: Path, old: str, new: str, because: str
) -> None:
    assert old in SOUND
    (folder / "mine.yaml").write_text(SOUND.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_board("mine")
    assert str(caught.value).startswith(f"board `mine`: {because}")
