"""Every property set holds, is not vacuous, and finds a bug that is put into its unit."""

from pathlib import Path

import pytest
from tests.formal.case import Bug, Case, variant
from tests.formal.catalogue import CASES
from tests.formal.prove import cache_folder, prove
from tests.formal.rules import Streams

from wingbeat.hw.rtl.lane.skid import Skid

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))


@each_case
def test_it_holds(case: Case) -> None:
    assert case.holds().status == "PASS"


@each_case
def test_everything_it_speaks_of_happens(case: Case) -> None:
    assert case.covered().status == "PASS"


@each_case
def test_a_bug_is_found(case: Case) -> None:
    assert case.refuted().status == "FAIL"


def test_what_was_proved_is_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prove(lambda: Streams(Skid(3)), "prove", 2)
    monkeypatch.setattr("tests.formal.prove._run", None)
    assert prove(lambda: Streams(Skid(3)), "prove", 2) == first
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "wingbeat" / "formal"
    with pytest.raises(TypeError):
        prove(lambda: Streams(Skid(3)), "prove", 2)


def test_a_bug_must_be_in_the_source() -> None:
    with pytest.raises(ValueError, match="once, not 0 times"):
        variant(Skid, (Bug("no such line", ""),), {})
