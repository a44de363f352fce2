"""Models that are found again without elaborating the component."""

from pathlib import Path

import pytest
from tests.sim.rtl.components import Counter

from wingbeat.sim.rtl import prepared as subject
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.prepared import prepared


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "wingbeat" / "rtl"


class Made:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Counter:
        self.times += 1
        return Counter()


def test_a_component_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    make = Made()
    first, second = prepared("counter", make, "compile"), prepared("counter", make, "compile")
    assert make.times == 1
    assert first == second
    assert Simulation(second).ports == Simulation(Counter()).ports
    prepared("another", make, "compile")
    assert make.times == 2
    monkeypatch.setattr(subject, "sources_digest", lambda: "changed")
    prepared("counter", make, "compile")
    assert make.times == 3


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"library": "none.so", "ports": []}'])
def test_a_damaged_note_is_written_again(fresh: Path, damage: str) -> None:
    make = Made()
    model = prepared("counter", make, "compile")
    (note,) = fresh.glob("*.json")
    note.write_text(damage)
    assert prepared("counter", make, "compile") == model
    assert make.times == 2
