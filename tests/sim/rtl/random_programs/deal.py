"""Which machine and which bins of the coverage table a random program is for."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.sim.rtl.random_programs.case import Case
from tests.sim.rtl.random_programs.coverage import TABLE, Cross, Goal
from tests.sim.rtl.random_programs.generate import generate
from tests.sim.rtl.random_programs.machines import TARGETS

GOALS = 7
"""Bins that a program aims at; 200 programs aim at all of them."""

Aim = tuple[Cross, Goal]


@dataclass(frozen=True)
class Dealt:
    """A program that is to be made.

    Attributes
    ----------
    name : the seed of the run and the program's number in it: all its randomness
    target : name of the machine
    aims : bins to hit
    """

    name: str
    target: str
    aims: list[Aim]


def deal(count: int, seed: int) -> Iterator[Dealt]:
    """Yield so many programs; the first ones do not depend on how many there are."""
    rng = random.Random(seed)
    everything = [(cross, goal) for cross in TABLE for goal in cross.goals()]
    turns = [name for name, target in TARGETS.items() for _ in range(target.share)]
    rng.shuffle(turns)
    deck: list[Aim] = []
    for index in range(count):
        target = turns[index % len(turns)]
        if len(deck) < GOALS * len(TARGETS):
            deck += rng.sample(everything, len(everything))
        aims: list[Aim] = []
        rest: list[Aim] = []
        for aim in deck:
            (aims if len(aims) < GOALS and _can(target, *aim) else rest).append(aim)
        deck = rest
        yield Dealt(f"{seed}:{index}", target, aims)


def build(dealt: Dealt) -> Case:
    """Make a program."""
    goals = [(cross.make, dict(goal)) for cross, goal in dealt.aims]
    return generate(dealt.name, dealt.target, goals)


def _can(target: str, cross: Cross, goal: Goal) -> bool:
    """Whether a machine decodes a goal's format; rows are gathered in those of its own only."""
    config = TARGETS[target].config
    formats = config.weight_formats if cross.name == "gather" else config.decoded_formats
    return "format" not in goal or goal["format"] in [f.name for f in formats]
