from collections.abc import Sequence

import numpy as np
import pytest
from tests.sim.isa.units import CONFIG, HALT, MEMORY, system, vector

from wingbeat.hw.control import ControlBlock
from wingbeat.hw.isa.instructions import Instruction, Opcode, Scalar, Store, StoreKind, Unit
from wingbeat.hw.isa.operands import Address, Count, SmallCount, VectorView
from wingbeat.hw.isa.program import Argument, Program
from wingbeat.sim.isa.machine import Machine
from wingbeat.sim.memory import DeviceMemory

PLAIN = 0x2000 * 4
"""First word of region `plain`."""


def machine(*instructions: Instruction) -> Machine:
    program = Program(instructions, (Argument("trips", 1, 0, 100, "of a loop"),))
    found = Machine(CONFIG, program, DeviceMemory(MEMORY, CONFIG.ports, {}))
    found.trace = []
    return found


def word(register: int, place: int) -> Store:
    """Store a register to a word of `plain`."""
    return Store(Opcode.ST, kind=StoreKind.WORD, list=Address(PLAIN + place), position=register)


def publish(register: int) -> Store:
    """The control block's head, of a ring of two entries."""
    return Store(
        Opcode.ST, kind=StoreKind.PUBLISH, list=Address(0), length=Count(2), position=register
    )


def count(register: int, by: int = 1) -> Instruction:
    return system(Scalar.ADD, destination=register, a=register, immediate=by)


def run(subject: Machine, trips: int = 0) -> list[int]:
    return list(subject.run({"trips": trips}))


def words(subject: Machine, count: int) -> list[int]:
    return [int(each) for each in subject.memory.words(PLAIN, count)]


def pcs(subject: Machine) -> list[int]:
    assert subject.trace is not None
    return [retired.pc for retired in subject.trace]


def test_a_halt_ends_the_program() -> None:
    subject = machine(count(2, 5), word(2, 0), HALT, word(2, 1))
    assert run(subject) == []
    assert words(subject, 2) == [5, 0]
    assert pcs(subject) == [0, 1, 2]


@pytest.mark.parametrize("trips", [0, 1, 3])
def test_a_loop_runs_its_body_as_often_as_it_says(trips: int) -> None:
    subject = machine(
        system(Scalar.LOOP, a=1, length=2), count(2), count(3, 10), word(2, 0), word(3, 1), HALT
    )
    run(subject, trips)
    assert words(subject, 2) == [trips, 10 * trips]
    assert pcs(subject) == [0, *[1, 2] * trips, 3, 4, 5]


@pytest.mark.parametrize(("outer", "trips"), [(0, 2), (2, 0), (2, 3)])
def test_loops_that_end_together(outer: int, trips: int) -> None:
    subject = machine(
        system(Scalar.LOOP, immediate=outer, length=3), count(2),
        system(Scalar.LOOP, a=1, length=1), count(3), word(2, 0), word(3, 1), HALT,
    )  # fmt: skip
    run(subject, trips)
    assert words(subject, 2) == [outer, outer * trips]
    assert pcs(subject) == [0, *[1, 2, *[3] * trips] * outer, 4, 5, 6]


def test_the_trace_has_every_instruction_with_unit_and_cycles() -> None:
    copy = vector(length=16, destination=VectorView(1), a=VectorView(0),
                  release=1 << Unit.ST.value)  # fmt: skip
    out = Store(
        Opcode.ST, kind=StoreKind.VECTOR, address=Address(0x2000), rows=SmallCount(1),
        length=Count(16), vector=VectorView(1), wait=1 << Unit.MISC.value,
    )  # fmt: skip
    subject = machine(copy, out, system(Scalar.FENCE, target=Unit.MPE), count(2), HALT)
    run(subject)
    assert subject.trace is not None
    assert pcs(subject) == [0, 1, 2, 3, 4]
    units = [retired.unit for retired in subject.trace]
    assert units == [Unit.MISC, Unit.ST, Unit.MPE, Unit.SYS, Unit.SYS]
    assert all(retired.start <= retired.end for retired in subject.trace)
    # the store waits for the copy, the scalar work of the sequencer does not
    assert subject.trace[1].start >= subject.trace[0].end
    assert subject.trace[3].start < subject.trace[0].end
    assert max(retired.end for retired in subject.trace) == subject.timeline.now


def test_without_a_trace_nothing_is_kept() -> None:
    subject = machine(HALT)
    subject.trace = None
    run(subject)
    assert subject.trace is None


def test_a_peek_sees_what_was_written_before() -> None:
    subject = machine(
        vector(length=4, destination=VectorView(3), a=VectorView(0)),
        system(Scalar.PEEK, destination=5, vector=VectorView(3), length=2), word(5, 0), HALT,
    )  # fmt: skip
    subject._vectors.words[:4] = [1.0, 2.0, 3.0, 4.0]
    run(subject)
    assert words(subject, 1) == [int(np.float32(3.0).view(np.uint32))]


def test_a_publish_gives_the_cycle_at_which_it_is_visible() -> None:
    subject = machine(count(2), publish(2), count(2), publish(2), HALT)
    heads, cycles = [], []
    for cycle in subject.run({"trips": 0}):
        heads.append(int(subject.memory.words(0, 1)[0]))
        cycles.append(cycle)
    assert heads == [1, 2]
    assert subject.trace is not None
    assert cycles == [retired.end for retired in subject.trace if retired.unit is Unit.ST]


def test_a_publish_waits_for_room_in_the_ring() -> None:
    subject = machine(system(Scalar.LOOP, a=1, length=2), count(2), publish(2), word(2, 0), HALT)
    steps = subject.run({"trips": 3})
    assert [next(steps) > 0 for _ in range(2)] == [True, True]
    stuck = [next(steps) for _ in range(3)]
    assert len(set(stuck)) == 1
    assert subject.memory.words(0, 1)[0] == 2
    subject.memory.words(1, 1)[0] = 1
    assert len(list(steps)) == 1
    assert subject.memory.words(0, 1)[0] == 3
    assert words(subject, 1) == [3]


def aborting(at: int, body: Sequence[Instruction]) -> Machine:
    """A loop of 100 trips whose body sets the abort word in trip `at`, before `body`."""
    place = ControlBlock.word("abort")
    return machine(
        count(2), system(Scalar.LOOP, immediate=100, length=3 + len(body)), count(2),
        system(Scalar.EQUAL, destination=4, a=2, immediate=at + 1),
        Store(Opcode.ST, kind=StoreKind.WORD, list=Address(place), position=4), *body,
        word(2, 9), HALT,
    )  # fmt: skip


def test_an_abort_ends_the_program_at_the_next_loop_boundary() -> None:
    subject = aborting(3, [word(2, 0)])
    run(subject)
    # the trip is finished, what follows the loop is not run
    assert words(subject, 10) == [4, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert pcs(subject) == [0, 1, *[2, 3, 4, 5] * 3]


def test_an_abort_without_a_loop_changes_nothing() -> None:
    subject = machine(count(2), word(2, 0), HALT)
    subject.memory.words(ControlBlock.word("abort"), 1)[0] = 1
    run(subject)
    assert words(subject, 1) == [1]


def test_an_inner_loop_ends_the_whole_program_as_well() -> None:
    subject = aborting(2, [system(Scalar.LOOP, immediate=5, length=1), count(3), word(3, 0)])
    run(subject)
    assert words(subject, 1) == [5]
    assert pcs(subject)[-2:] == [5, 6]
