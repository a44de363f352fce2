"""The sequencer against its definition, on random programs with units of random speed."""

import random

import pytest
from tests.hw.rtl.sequencer.bench import Bench
from tests.hw.rtl.sequencer.definition import steps
from tests.hw.rtl.sequencer.order import check
from tests.hw.verify.programs import (
    CONFIG,
    MEMORY,
)
from tests.hw.verify.random_programs import random_program

from wingbeat.hw.errors import ProgramError
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.verify import verify

MOST = 600
"""Instructions that a random program executes, at most."""


def sound(rng: random.Random) -> tuple[Program, dict[str, int]]:
    """A verified program, not too long, with arguments."""
    while True:
        candidate = random_program(rng)
        try:
            verify(candidate, MEMORY, CONFIG)
        except ProgramError:
            continue
        values = {
            a.name: rng.choice((a.low, a.high, rng.randint(a.low, a.high)))
            for a in candidate.arguments
        }
        if 8 < len(steps(candidate, values, CONFIG.vector_words)) < MOST:
            return candidate, values


def random_speeds(rng: random.Random) -> dict[Unit, int]:
    return {unit: rng.choice((1, 4, 30)) for unit in Unit}


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(small: Bench, deep: Bench, seed: int) -> None:
    rng = random.Random(seed)
    what, values = sound(rng)
    check(small, what, values, rng, random_speeds(rng))
    check(deep, what, values, rng, random_speeds(rng))
