"""The sequencer against its definition, on random programs with units of random speed."""

import random
from collections.abc import Mapping

import pytest
from tests.hw.rtl.sequencer.bench import Bench, Trace
from tests.hw.rtl.sequencer.definition import steps
from tests.hw.rtl.sequencer.order import check_same, check_tokens
from tests.hw.verify.programs import (
    CONFIG,
    MEMORY,
)
from tests.hw.verify.random_programs import random_program

from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.errors import ProgramError
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.verify import verify

SMALL = CONFIG.model_copy(update={"queue_depth": 2, "vector_lanes": 8})
DEEP = CONFIG.model_copy(update={"queue_depth": 24, "vector_lanes": 16})
MOST = 600
"""Instructions that a random program executes, at most."""


@pytest.fixture(scope="module")
def small() -> Bench:
    """Queues that are full most of the time."""
    return Bench(SMALL)


@pytest.fixture(scope="module")
def deep() -> Bench:
    """Queues longer than a counter holds tokens."""
    return Bench(DEEP)


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


def check(
    bench: Bench,
    what: Program,
    values: Mapping[str, int],
    rng: random.Random,
    slowest: Mapping[Unit, int] | None = None,
) -> Trace:
    """Run a program to its HALT, as the definition does."""
    trace = bench.run(what, values, rng, slowest=slowest)
    executed = steps(what, values, bench.config.vector_words)
    assert (trace.state, trace.error) == (State.FINISHED, ErrorCode.NONE)
    check_same(trace, executed)
    check_tokens(trace, executed)
    return trace


def random_speeds(rng: random.Random) -> dict[Unit, int]:
    return {unit: rng.choice((1, 4, 30)) for unit in Unit}


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(small: Bench, deep: Bench, seed: int) -> None:
    rng = random.Random(seed)
    what, values = sound(rng)
    check(small, what, values, rng, random_speeds(rng))
    check(deep, what, values, rng, random_speeds(rng))
