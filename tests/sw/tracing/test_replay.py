"""Program order, loops and bytes from a trace."""

import dataclasses

import pytest
from tests.hw.verify.programs import CONFIG, HALT, add, load, loop, misc, nop

from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.instructions import Instruction, Unit
from wingbeat.hw.isa.operands import Count
from wingbeat.hw.isa.program import Argument, Program
from wingbeat.sim.trace import Retired, Run
from wingbeat.sw.tracing.replay import replay

ARGUMENTS = (Argument("trips", 1, 0, 100, "of a loop"),)


def run_of(executed: list[tuple[int, Unit]], trips: int = 0) -> Run:
    """A run in which instructions end in this order."""
    run = Run({"trips": trips}, 0, 100, {unit: [] for unit in Unit})
    for cycle, (pc, unit) in enumerate(executed):
        run.retired[unit].append(Retired(pc, unit, cycle, cycle + 1))
    return run


def steps(run: Run, *instructions: Instruction) -> list[tuple[int, tuple[int, ...]]]:
    found = replay(run, Program(instructions, ARGUMENTS), CONFIG)
    return [(step.retired.pc, step.loops) for step in found]


LD, ST, MPE, MISC, SYS = Unit


def test_units_that_run_apart_are_put_into_program_order() -> None:
    run = run_of([(1, MISC), (3, MISC), (0, LD), (4, SYS), (2, LD)])
    found = steps(run, load(), misc(), load(), misc(), HALT)
    assert [pc for pc, _ in found] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("trips", [0, 1, 3])
def test_iterations_of_loops(trips: int) -> None:
    """An outer loop of two trips; its body is a loop of `trips` trips, then an instruction."""
    program = [*loop([*loop([misc()], register=1), nop()], times=2), HALT]
    once = [(1, SYS), *[(2, MISC)] * trips, (3, SYS)]
    found = steps(run_of([(0, SYS), *once, *once, (4, SYS)], trips), *program)
    expected: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for outer in range(2):
        expected.append((1, (outer,)))
        expected += [(2, (outer, inner)) for inner in range(trips)]
        expected.append((3, (outer,)))
    assert found == [*expected, (4, ())]


def test_loops_that_end_together() -> None:
    program = [*loop(loop([misc()], times=2), times=2), HALT]
    once = [(1, SYS), (2, MISC), (2, MISC)]
    found = steps(run_of([(0, SYS), *once, *once, (3, SYS)]), *program)
    assert [loops for _, loops in found] == [
        (), (0,), (0, 0), (0, 1), (1,), (1, 0), (1, 1), ()
    ]  # fmt: skip


def test_bytes_follow_the_registers() -> None:
    program = Program((add(2, 1, 4), load(length=Count(0, 2)), HALT), ARGUMENTS)
    found = list(replay(run_of([(0, SYS), (1, LD), (2, SYS)], trips=60), program, CONFIG))
    assert [step.bytes for step in found] == [0, 64 * 4, 0]
    assert found[1].instruction is program.instructions[1]


def test_a_run_that_ended_early_is_a_beginning() -> None:
    program = (load(), misc(), load(), HALT)
    assert steps(run_of([(1, MISC), (0, LD)]), *program) == [(0, ()), (1, ())]
    assert steps(run_of([(1, MISC)]), *program) == [(1, ())]
    assert steps(run_of([]), *program) == []


def test_a_trace_of_another_program_is_refused() -> None:
    program = (load(), misc(), load(), HALT)
    with pytest.raises(DeviceError, match=r"unit LD must execute instruction 0 next, and .* 2"):
        steps(run_of([(2, LD)]), *program)
    run = run_of([(0, LD), (1, MISC), (2, LD), (3, SYS)])
    run.retired[MISC].append(dataclasses.replace(run.retired[MISC][0], start=5, end=6))
    with pytest.raises(DeviceError, match="must end with the program, and has 1 instructions more"):
        steps(run, *program)
