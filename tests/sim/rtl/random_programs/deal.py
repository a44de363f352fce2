"""Which machine and which bins of the coverage table a random program is for."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.sim.rtl.random_programs.case import Case
from tests.sim.rtl.random_programs.coverage import TABLE, Cross, Goal
from tests.sim.rtl.random_programs.generate import generate
from tests.sim.rtl.random_programs.machines import TARGETS

GOALS = 7
"""Bins that a program aims at; 200 programs aim at all of them."""

Aim = tuple[Cross, Goal]


def cases(count: int, seed: int) -> Iterator[tuple[str, str, list[Aim]]]:
    """Name, machine and goals of so many programs; the first do not depend on how many."""
    rng = random.Random(seed)
    deck: list[Aim] = []
    turns = [name for name, target in TARGETS.items() for _ in range(target.share)]
    rng.shuffle(turns)
    for index in range(count):
        name = turns[index % len(turns)]
        if len(deck) < 2 * GOALS * len(TARGETS):
            deck += rng.sample(everything := _everything(), len(everything))
        able = [aim for aim in deck if _can(name, aim[1])][:GOALS]
        deck = [aim for aim in deck if not any(aim is one for one in able)]
        yield f"{seed}:{index}", name, able


def build(name: str, target: str, aims: list[Aim]) -> Case:
    """Make the program."""
    return generate(name, target, [(cross.make, dict(goal)) for cross, goal in aims])


def _everything() -> list[Aim]:
    return [(cross, goal) for cross in TABLE for goal in cross.goals()]


def _can(target: str, goal: Goal) -> bool:
    """Whether a machine decodes a goal's format."""
    config = TARGETS[target].config
    return "format" not in goal or goal["format"] in [f.name for f in config.decoded_formats]
