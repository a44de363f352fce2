"""Random programs on the RTL: memory and retire trace equal those of the ISA machine.

`make soak` runs more of them.
"""

from typing import Any

import numpy as np
import pytest
from tests.sim.rtl.random_programs import run as running
from tests.sim.rtl.random_programs import shrink as shrinking
from tests.sim.rtl.random_programs.case import Case
from tests.sim.rtl.random_programs.coverage import Coverage
from tests.sim.rtl.random_programs.deal import Dealt, build, deal
from tests.sim.rtl.random_programs.machines import MEMORY
from tests.sim.rtl.random_programs.order import instructions
from tests.sim.rtl.random_programs.run import Mismatch, Watched, run
from tests.sim.rtl.random_programs.soak import check

from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Instruction, Multiply, Store, StoreKind
from wingbeat.hw.sequencer import Registers

COUNT = 200


def test_random_programs_do_the_same_and_hit_every_bin() -> None:
    coverage = Coverage()
    for dealt in deal(COUNT, seed=1):
        check(dealt, coverage)
    assert coverage.missing() == []


def test_a_bin_that_is_not_hit_is_named() -> None:
    assert "position: VALUES, 31" in Coverage().missing()


@pytest.mark.parametrize("place", ["codes", "scales", "sums", "vectors", "memory"])
def test_one_wrong_bit_is_noticed(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build(Dealt("flip", "one lane", []))
    ending = case.ending[0]
    assert isinstance(ending, Store) and ending.kind is StoreKind.WORD
    execute: Any = Watched._execute

    def flips(machine: Any, instruction: Instruction, registers: Registers) -> None:
        entry = machine._matrix._operands._contents
        if isinstance(instruction, Store) and instruction.list == ending.list:
            if place == "memory":
                machine.memory.words(MEMORY["data"].start * WORDS_PER_BEAT, 1)[0] ^= 1
            elif place == "vectors":
                written = np.flatnonzero(machine._vectors.words)
                machine._vectors.words.view(np.uint32)[written[-1]] ^= 1
            else:
                group = np.flatnonzero(entry.sums)[-1]
                getattr(entry, place)[group : group + 1].view(np.uint8)[..., 0] ^= 0x40
        execute(machine, instruction, registers)

    run(case)
    monkeypatch.setattr(running.Watched, "_execute", flips)
    with pytest.raises(Mismatch):
        run(case)


def test_a_program_that_fails_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(case: Case) -> int:
        case.program()  # which must be sound all the same
        if any(isinstance(i, Multiply) for i in instructions(case.block)):
            raise Mismatch
        return 0

    monkeypatch.setattr(shrinking, "run", fails)
    dealt = next(d for d in deal(COUNT, seed=1) if any(c.name == "pattern" for c, _ in d.aims))
    smallest = shrinking.shrink(build(dealt))
    assert sum(isinstance(i, Multiply) for i in instructions(smallest.block)) == 1
    assert not smallest.ending and len(smallest.starts) == 1
