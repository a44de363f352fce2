"""Every rule notices that it is broken, and lets pass what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cocotb.axi_rules import AxiRules, Offer, ProtocolError, Run

WIDTH = 16
ADDRESS = {"addr": 0x100, "len": 1, "size": 4, "burst": 1, "id": 2}
WORD = {"data": 5, "strb": 0xFFFF, "last": 0}
LAST = {**WORD, "last": 1}
DATA = {"data": 7, "resp": 0, "last": 0, "id": 2}
ANSWER = {"resp": 0, "id": 2}

Cycle = dict[str, Offer]


def taken(**channels: dict[str, int]) -> Cycle:
    return {name: Offer(True, fields) for name, fields in channels.items()}


def refused(**channels: dict[str, int]) -> Cycle:
    return {name: Offer(False, fields) for name, fields in channels.items()}


def watch(*cycles: Cycle) -> AxiRules:
    rules = AxiRules(WIDTH)
    for cycle in cycles:
        rules.cycle(cycle)
    return rules


GOOD = {
    "a read": (taken(ar=ADDRESS), {}, taken(r=DATA), taken(r={**DATA, "last": 1})),
    "a write": (taken(aw=ADDRESS), taken(w=WORD), taken(w=LAST), taken(b=ANSWER)),
    "data before the address": (taken(w=WORD), taken(w=LAST), taken(aw=ADDRESS), taken(b=ANSWER)),
    "all at once": (
        taken(ar=ADDRESS, aw=ADDRESS, w=WORD),
        taken(r=DATA, w=LAST),
        taken(r={**DATA, "last": 1}, b=ANSWER),
    ),
    "offers that wait": (
        refused(ar=ADDRESS),
        taken(ar=ADDRESS),
        refused(r=DATA),
        taken(r=DATA),
        taken(r={**DATA, "last": 1}),
    ),
    "up to the page's end": (
        taken(ar={**ADDRESS, "addr": 0xFE0}),
        taken(r=DATA),
        taken(r={**DATA, "last": 1}),
    ),
    "two ids in turn": (
        taken(ar=ADDRESS),
        taken(ar={**ADDRESS, "id": 1, "len": 0}),
        taken(r=DATA),
        taken(r={**DATA, "id": 1, "last": 1}),
        taken(r={**DATA, "last": 1}),
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_allowed_passes(name: str) -> None:
    watch(*GOOD[name]).finish()


# fmt: off
BAD: dict[str, tuple[str, tuple[Cycle, ...]]] = {
    "withdrawn": ("stay high", (refused(ar=ADDRESS), {})),
    "address changed": ("not change", (refused(aw=ADDRESS), taken(aw={**ADDRESS, "len": 2}))),
    "data changed": ("not change", (refused(w=WORD), refused(w={**WORD, "data": 6}))),
    "strobes changed": ("not change", (refused(w=WORD), taken(w={**WORD, "strb": 1}))),
    "fixed burst": ("INCR", (taken(ar={**ADDRESS, "burst": 0}),)),
    "narrow": ("size", (taken(aw={**ADDRESS, "size": 3}),)),
    "unaligned": ("multiple of 16", (taken(ar={**ADDRESS, "addr": 0x108}),)),
    "across a page": ("cross", (taken(ar={**ADDRESS, "addr": 0xFF0}),)),
    "last too early": ("word 2, not 1", (taken(aw=ADDRESS), taken(w=LAST))),
    "last too late": ("word 2", (taken(aw=ADDRESS), taken(w=WORD), taken(w=WORD))),
    "last too late, address behind": (
        "word 2, not 3", (taken(w=WORD), taken(w=WORD), taken(w=LAST), taken(aw=ADDRESS)),
    ),
    "data unasked": ("r.id", (taken(ar=ADDRESS), taken(r={**DATA, "id": 1}))),
    "data at once": ("r.id", (taken(ar=ADDRESS, r=DATA),)),
    "data not ended": (
        "r.last", (taken(ar=ADDRESS), taken(r=DATA), taken(r=DATA)),
    ),
    "data ended early": ("r.last", (taken(ar=ADDRESS), taken(r={**DATA, "last": 1}))),
    "answer before the data": ("b.id", (taken(aw=ADDRESS), taken(w=WORD), taken(b=ANSWER))),
    "answer to another": (
        "b.id", (taken(aw=ADDRESS), taken(w=WORD), taken(w=LAST), taken(b={**ANSWER, "id": 0})),
    ),
    "second answer": ("b.id", (*GOOD["a write"], taken(b=ANSWER))),
}
# fmt: on


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_allowed_is_noticed(name: str) -> None:
    rule, cycles = BAD[name]
    with pytest.raises(ProtocolError, match=rule):
        watch(*cycles)


# fmt: off
OPEN: dict[str, tuple[Cycle, ...]] = {
    "offers": (refused(ar=ADDRESS),),
    "reads": (taken(ar=ADDRESS), taken(r=DATA)),
    "addresses without data": (taken(aw=ADDRESS),),
    "data without address": (taken(w=WORD),),
    "unanswered writes": (taken(aw=ADDRESS), taken(w=WORD), taken(w=LAST)),
}
# fmt: on


@pytest.mark.parametrize("name", OPEN)
def test_nothing_may_be_left(name: str) -> None:
    with pytest.raises(ProtocolError, match=name):
        watch(*OPEN[name]).finish()


def test_a_reset_ends_everything() -> None:
    for cycles in OPEN.values():
        rules = watch(*cycles)
        rules.in_reset({})
        rules.finish()
    with pytest.raises(ProtocolError, match=r"ar\.valid"):
        watch().in_reset(taken(ar=ADDRESS))


def test_what_was_seen() -> None:
    rules: Any = watch(*GOOD["all at once"])
    assert rules.reads == rules.writes == [Run(0x100, 2)]
    assert rules.words == 4
