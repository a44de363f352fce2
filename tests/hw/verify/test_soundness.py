"""What the verifier accepts, runs: random programs, random arguments, any order of events."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hw.verify.decoupled import ends
from tests.hw.verify.programs import CONFIG, MEMORY, fence
from tests.hw.verify.random_programs import random_program

from wingbeat.hw.errors import ProgramError
from wingbeat.hw.isa.disassembler import disassemble
from wingbeat.hw.isa.footprint import Space, accesses
from wingbeat.hw.isa.instructions import Instruction, System, Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.sequencer import Registers, Sequencer
from wingbeat.hw.verify import Report, verify

LONGEST = 3000
"""Instructions of a program that is worth running."""


def run(program: Program, report: Report, rng: random.Random) -> list[Instruction]:
    """Execute with random arguments; every prediction of the report must hold."""

    def peek(system: System, registers: Registers) -> int:
        return rng.getrandbits(32)

    arguments = {a.name: rng.randint(a.low, a.high) for a in program.arguments}
    sequencer = Sequencer(program, arguments, peek)
    trace = []
    for pc, instruction in sequencer.run():
        state = report.registers[pc]
        assert state is not None, f"instruction {pc} should never be executed"
        for register, predicted in enumerate(state):
            value = sequencer.registers[register]
            assert predicted.low <= value <= predicted.high, (pc, register, value, predicted)
        stays_inside(instruction, sequencer.registers)
        trace.append(instruction)
    assert len(trace) <= report.executed
    return trace


def stays_inside(instruction: Instruction, registers: Registers) -> None:
    for access in accesses(instruction, registers.intervals(), CONFIG):
        if access.space is Space.MEMORY:
            assert any(
                region.start * 4 <= access.start
                and access.stop <= region.stop * 4
                and (region.writable or not access.write)
                and (region.striped or not access.striped)
                for region in MEMORY.regions
            ), access
        elif access.space is Space.VECTOR:
            assert access.stop <= CONFIG.vector_words, access
        else:
            assert access.stop <= CONFIG.operand_groups, access


def check(rng: random.Random) -> str:
    """Try one program: `refused`, `long` or `run`."""
    program = random_program(rng)
    try:
        report = verify(program, MEMORY, CONFIG)
    except ProgramError as error:
        assert "\n" not in str(error)
        return "refused"
    if report.executed > LONGEST:
        return "long"
    try:
        trace = run(program, report, rng)
        assert ends(trace, rng, depth=rng.randint(1, 4)), "stuck"
    except BaseException as error:
        error.add_note("\n".join(disassemble(program)))
        raise
    return "run"


@settings(deadline=None, max_examples=200)
@given(st.randoms(use_true_random=False))
def test_accepted_programs_run(rng: random.Random) -> None:
    check(rng)


def test_many_programs_are_accepted() -> None:
    """Were few accepted, the test above would show little."""
    outcomes = [check(random.Random(seed)) for seed in range(300)]
    assert outcomes.count("run") > 60
    assert outcomes.count("refused") > 30


@pytest.mark.parametrize("depth", [1, 4])
def test_the_machine_can_get_stuck(depth: int) -> None:
    crossed = [
        fence(Unit.MISC, wait=(Unit.MPE,), release=(Unit.MPE,)),
        fence(Unit.MPE, wait=(Unit.MISC,), release=(Unit.MISC,)),
    ]
    assert not ends(crossed, random.Random(1), depth)


def test_a_token_left_is_not_the_end() -> None:
    assert not ends([fence(Unit.LD, release=(Unit.ST,))], random.Random(1), 1)
