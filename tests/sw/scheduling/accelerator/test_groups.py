"""Groups of instructions against the cycle model that they come from."""

from __future__ import annotations

import pytest

from wingbeat.compiler.image import Image
from wingbeat.hw.cost import loading
from wingbeat.hw.estimate import estimate
from wingbeat.hw.isa.instructions import Unit
from wingbeat.sw.scheduling.accelerator.groups import Group, groups_of
from wingbeat.sw.scheduling.accelerator.request import Start

STARTS = {"prefill": Start(32, 0, 0), "decode": Start(41, 40, 1)}


def groups(image: Image, start: Start) -> list[Group]:
    program = image.manifest.program
    return groups_of(image.program, start.arguments(0), image.manifest.config, program.purposes)


def cycles(image: Image, start: Start) -> int:
    """Return the cycles of the cycle model, without loading the program."""
    manifest = image.manifest
    purposes = manifest.program.purposes
    whole = estimate(image.program, start.arguments(0), manifest.config, purposes).cycles
    return whole - loading(len(image.program.instructions), manifest.config)


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_start_alone_takes_what_the_cycle_model_says(short: Image, start: Start) -> None:
    ends: list[int] = []
    for group in groups(short, start):
        begin = max((ends[before] + ticks for before, ticks in group.after.items()), default=0)
        ends.append(begin + group.cycles)
    # groups know nothing of dispatch and of what the queues of the weight stream hold
    assert max(ends) == pytest.approx(cycles(short, start), rel=0.08)


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_unit_executes_its_groups_in_program_order(short: Image, start: Start) -> None:
    last: dict[Unit, int] = {}
    for number, group in enumerate(groups(short, start)):
        assert all(before < number for before in group.after)
        if group.unit in last:
            assert last[group.unit] in group.after
        last[group.unit] = number
    assert last.keys() == {Unit.LD, Unit.ST, Unit.MPE, Unit.MISC}


def test_a_group_has_one_purpose_and_all_instructions_are_in_one(short: Image) -> None:
    some = groups(short, STARTS["decode"])
    assert len(some) < 350
    busy = {unit: sum(g.cycles for g in some if g.unit is unit) for unit in Unit}
    assert busy[Unit.MPE] > busy[Unit.MISC] > busy[Unit.LD] > 0
    assert {g.purpose for g in some if g.unit is Unit.MPE} >= {"weights", "keys", "values", "head"}
