"""Every order that queues and tokens allow gives the same bytes."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from tests.sim.decoupled import Choose, DecoupledMachine, Stuck, at_random, biased
from tests.sim.runner import Runner, compiled

from wingbeat.compiler.image import Image
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.verify.verifier import verify

PROMPT = [1, *range(20, 58)]
STARTS: list[dict[str, int]] = [
    {"known": 34, "position": 2, "generate": 0, "all_logits": 1},
    {"known": 39, "position": 34, "generate": 3, "all_logits": 0},
]
"""A chunk, then a shorter one and two more tokens."""


def in_order(image: Image) -> dict[str, bytes]:
    runner = Runner(image, garbage=0)
    runner.write_tokens(PROMPT)
    for start in STARTS:
        for _ in runner.start(**start):
            pass
    return runner.writable()


def decoupled(image: Image, depth: int, choose: Choose) -> dict[str, bytes]:
    runner = Runner(image, garbage=0)
    runner.write_tokens(PROMPT)
    for start in STARTS:
        DecoupledMachine(runner, depth, choose).run({"slot": 0, "sequence": 0} | start)
    return runner.writable()


@pytest.fixture(scope="module")
def expected(tiny: Image) -> dict[str, bytes]:
    return in_order(tiny)


def differing(found: dict[str, bytes], wanted: dict[str, bytes]) -> list[str]:
    return [name for name in wanted if found[name] != wanted[name]]


def extreme(first: Unit, last: Unit, seed: int = 7) -> Choose:
    """`first` runs ahead as far as it can, `last` moves when nothing else does."""
    middle = [unit for unit in Unit if unit not in (first, last)]
    return biased(seed, (first, *middle, last))


PAIRS = [(first, last) for first in Unit for last in Unit if first is not last]


@pytest.mark.parametrize("seed", range(8))
def test_random_orders_give_the_same_memory(
    tiny: Image, expected: dict[str, bytes], seed: int
) -> None:
    assert not differing(decoupled(tiny, 1 + 5 * seed % 16, at_random(seed)), expected)


@pytest.mark.parametrize(("first", "last"), PAIRS)
def test_a_unit_far_ahead_and_one_far_behind_change_nothing(
    tiny: Image, expected: dict[str, bytes], first: Unit, last: Unit
) -> None:
    assert not differing(decoupled(tiny, 16, extreme(first, last)), expected)


@pytest.mark.parametrize("changes", [
    {"vector_memory_kib": 96, "operand_memory_kib": 16},  # attention in parts, places shared
    {"tokens": 8, "lanes": 8, "ports": 2},
])  # fmt: skip
def test_other_machines_order_their_programs_as_well(changes: dict[str, Any]) -> None:
    image = compiled(**changes)
    wanted = in_order(image)
    for pair in (Unit.MPE, Unit.ST), (Unit.MISC, Unit.LD), (Unit.ST, Unit.MPE), (Unit.LD, Unit.ST):
        assert not differing(decoupled(image, 16, extreme(*pair)), wanted)
    assert not differing(decoupled(image, 3, at_random(1)), wanted)


Token = tuple[Unit, Unit, int, int]
"""Units that give and take it, instructions that do."""


def tokens_of(program: Program) -> Iterator[Token]:
    """Every token: each segment is balanced, so the k-th release meets the k-th wait."""
    for giver, taker in PAIRS:
        gives = [
            i for i, x in enumerate(program.instructions)
            if x.unit is giver and x.release >> taker.value & 1
        ]  # fmt: skip
        takes = [
            i for i, x in enumerate(program.instructions)
            if x.unit is taker and x.wait >> giver.value & 1
        ]  # fmt: skip
        for give, take in zip(gives, takes, strict=True):
            yield giver, taker, give, take


def without(image: Image, token: Token, wait: bool = True, release: bool = True) -> Image:
    giver, taker, give, take = token
    instructions = list(image.program.instructions)
    if release:
        old = instructions[give]
        instructions[give] = dataclasses.replace(old, release=old.release & ~(1 << taker.value))
    if wait:
        old = instructions[take]
        instructions[take] = dataclasses.replace(old, wait=old.wait & ~(1 << giver.value))
    program = dataclasses.replace(image.program, instructions=tuple(instructions))
    return dataclasses.replace(image, program=program)


def is_noticed(image: Image, token: Token, wanted: dict[str, bytes]) -> bool:
    giver, taker, *_ = token
    damaged = without(image, token)
    verify(damaged.program, damaged.memory, damaged.manifest.config)
    for seed in range(2):
        try:
            if differing(decoupled(damaged, 16, extreme(taker, giver, seed)), wanted):
                return True
        except Stuck:
            return True
    return False
