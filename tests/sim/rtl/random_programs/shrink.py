"""The smallest program that still shows a mismatch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tests.sim.rtl.random_programs.builder import Block, Repeat
from tests.sim.rtl.random_programs.case import Case
from tests.sim.rtl.random_programs.run import Mismatch, run

from wingbeat.hw.errors import ProgramError
from wingbeat.sim.rtl.memory import Timing


def shrink(case: Case, trials: int = 400) -> Case:
    """Leave out, one after another, whatever the mismatch does not need.

    Parameters
    ----------
    trials : programs to run, at most
    """
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(case):
            trials -= 1
            if trials < 0:
                return case
            if _differs(smaller):
                case, progress = smaller, True
                break
    return case


def _differs(case: Case) -> bool:
    try:
        run(case)
    except Mismatch:
        return True
    except ProgramError:
        pass  # what is left is not sound
    return False


def _smaller(case: Case) -> Iterator[Case]:
    for start in case.starts if len(case.starts) > 1 else ():
        yield dataclasses.replace(case, starts=(start,))
    if case.timing != Timing():
        yield dataclasses.replace(case, timing=Timing())
    size = len(case.block)
    while size:
        for first in range(0, len(case.block), size):
            rest = [*case.block[:first], *case.block[first + size :]]
            yield dataclasses.replace(case, block=rest)
        size //= 2
    for ending in _parts(case.ending):
        yield dataclasses.replace(case, ending=ending)
    for block in _flatter(case.block):
        yield dataclasses.replace(case, block=block)


def _parts(block: Block) -> Iterator[Block]:
    """The block without one of its items."""
    for index in range(len(block)):
        yield [*block[:index], *block[index + 1 :]]


def _flatter(block: Block) -> Iterator[Block]:
    """The block with one loop less, or with a smaller one."""
    for index, item in enumerate(block):
        if isinstance(item, Repeat):
            bodies: list[Block] = [item.body]
            for body in (*_parts(item.body), *_flatter(item.body)):
                bodies.append([Repeat(item.head, body)])
            for body in bodies:
                yield [*block[:index], *body, *block[index + 1 :]]
