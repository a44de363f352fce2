"""What the verifier accepts, runs: random programs, random arguments, any order of events."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hw.verify import fuzz_programs
from tests.hw.verify.decoupled import ends
from tests.hw.verify.fuzz_programs import check, fuzz
from tests.hw.verify.programs import fence

from wingbeat.hw.isa.instructions import Unit


@settings(deadline=None, max_examples=200)
@given(st.randoms(use_true_random=False))
def test_accepted_programs_run(rng: random.Random) -> None:
    check(rng)


def test_many_programs_are_accepted() -> None:
    """Were few accepted, the test above would show little."""
    outcomes = fuzz(300, seed=1)
    assert outcomes["run"] > 60
    assert outcomes["refused"] > 30


def test_a_failure_names_its_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_programs, "ends", lambda trace, rng, depth: False)
    with pytest.raises(AssertionError) as caught:
        fuzz(300, seed=1)
    listing, case = caught.value.__notes__
    assert "sys.halt" in listing
    assert case.startswith("case 1:")


@pytest.mark.parametrize("depth", [1, 4])
def test_the_machine_can_get_stuck(depth: int) -> None:
    crossed = [
        fence(Unit.MISC, wait=(Unit.MPE,), release=(Unit.MPE,)),
        fence(Unit.MPE, wait=(Unit.MISC,), release=(Unit.MISC,)),
    ]
    assert not ends(crossed, random.Random(1), depth)


def test_a_token_left_is_not_the_end() -> None:
    assert not ends([fence(Unit.LD, release=(Unit.ST,))], random.Random(1), 1)
