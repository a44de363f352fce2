"""Verify random programs and run those that are accepted: every prediction must hold.

    python -m tests.hw.verify.fuzz_programs 20000 --seed 1

An accepted program is executed with random arguments by the sequencer, then its instructions are
put through decoupled units in a random order of events.
"""

import random
from collections import Counter

from tests.fuzzing import command_line
from tests.hw.verify.decoupled import ends
from tests.hw.verify.programs import CONFIG, MEMORY
from tests.hw.verify.random_programs import random_program

from wingbeat.hw.errors import ProgramError
from wingbeat.hw.isa.disassembler import disassemble
from wingbeat.hw.isa.footprint import Space, accesses
from wingbeat.hw.isa.instructions import Instruction, System
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


def fuzz(count: int, seed: int) -> Counter[str]:
    """Try `count` programs; a failure names its case, and `random.Random(case)` makes it again."""
    outcomes: Counter[str] = Counter()
    for index in range(count):
        case = f"{seed}:{index}"
        try:
            outcomes[check(random.Random(case))] += 1
        except BaseException as error:
            error.add_note(f"case {case}")
            raise
    return outcomes


if __name__ == "__main__":
    command_line(fuzz, __doc__)
