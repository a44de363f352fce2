"""The sequencer against Python's own integers and a recursive unrolling of loops."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.hw.verify.programs import HALT, add, argument, fence, loop, misc, sys

from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.instructions import Instruction, Scalar, System, Unit
from wingbeat.hw.isa.operands import Address, Count, SmallCount, VectorView
from wingbeat.hw.isa.program import Argument, Program
from wingbeat.hw.sequencer import Registers, Sequencer, compute

M = 1 << 32

MEANING: dict[Scalar, Callable[[int, int], int]] = {
    Scalar.ADD: lambda a, b: (a + b) % M,
    Scalar.SUB: lambda a, b: (a - b) % M,
    Scalar.MUL: lambda a, b: a * b % M,
    Scalar.SHL: lambda a, b: a * 2 ** (b % 32) % M,
    Scalar.SHR: lambda a, b: a // 2 ** (b % 32),
    Scalar.AND: lambda a, b: sum(1 << i for i in range(32) if a >> i & 1 and b >> i & 1),
    Scalar.MIN: lambda a, b: sorted((a, b))[0],
    Scalar.MAX: lambda a, b: sorted((a, b))[1],
    Scalar.CEILDIV: lambda a, b: a // b + (a % b > 0) if b else 0,
    Scalar.LESS: lambda a, b: 1 if b > a else 0,
    Scalar.EQUAL: lambda a, b: 1 if not a ^ b else 0,
}

CORNERS = [0, 1, 2, 3, 31, 32, 33, 255, M // 2 - 1, M // 2, M // 2 + 1, M - 2, M - 1]
words = st.one_of(st.sampled_from(CORNERS), st.integers(0, M - 1))


@pytest.mark.parametrize("operation", MEANING)
def test_an_operation_at_its_corners(operation: Scalar) -> None:
    for a in CORNERS:
        for b in CORNERS:
            assert compute(operation, a, b) == MEANING[operation](a, b)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(MEANING)), words, words)
def test_an_operation_anywhere(operation: Scalar, a: int, b: int) -> None:
    assert compute(operation, a, b) == MEANING[operation](a, b)


@pytest.mark.parametrize("operation", [op for op in Scalar if op not in MEANING])
def test_control_is_no_operation(operation: Scalar) -> None:
    with pytest.raises(DeviceError, match=f"{operation.name} is no scalar operation"):
        compute(operation, 1, 1)


def test_register_0_reads_0_and_ignores_writes() -> None:
    registers = Registers()
    registers[0] = 7
    assert registers[0] == 0


def test_registers_hold_32_bits() -> None:
    registers = Registers()
    registers[31] = M + 5
    registers[30] = -1
    assert (registers[31], registers[30]) == (5, M - 1)


def test_an_operand_is_its_constant_plus_its_register() -> None:
    registers = Registers()
    registers[3] = M - 10
    assert registers.resolve(Count(7, 3)) == M - 3
    assert registers.resolve(Address(15, 3)) == 5
    assert registers.resolve(SmallCount(9)) == 9


def test_registers_are_points_for_an_analysis() -> None:
    registers = Registers()
    registers[2] = 9
    assert [(i.low, i.high) for i in registers.intervals()[:4]] == [(0, 0), (0, 0), (9, 9), (0, 0)]
    assert len(registers.intervals()) == 32


def trace(
    *instructions: Instruction,
    arguments: tuple[Argument, ...] = (),
    values: Sequence[int] = (),
    aborted: Callable[[], bool] = lambda: False,
) -> tuple[list[int], Registers]:
    """Program counters in order, and the registers at the end."""
    names = [each.name for each in arguments]
    sequencer = Sequencer(
        Program((*instructions, HALT), arguments),
        dict(zip(names, values, strict=True)),
        lambda system, registers: 1000 + system.length,
        aborted,
    )
    return [pc for pc, _ in sequencer.run()], sequencer.registers


def test_arguments_are_in_their_registers() -> None:
    _, registers = trace(arguments=(argument(4, 0, 9), argument(7, 0, 9)), values=(3, 8))
    assert (registers[4], registers[7]) == (3, 8)


def test_the_second_operand_is_register_plus_immediate() -> None:
    _, registers = trace(
        add(1, 0, 100),
        add(2, 0, 7),
        sys(Scalar.SUB, 3, 1, 2, immediate=3),
        sys(Scalar.SUB, 4, 1, 2, immediate=M - 1),
        sys(Scalar.CEILDIV, 5, 1, 2, immediate=M - 7),
    )
    assert [registers[i] for i in (3, 4, 5)] == [90, 94, 0]


def test_an_instruction_is_yielded_before_it_is_executed() -> None:
    sequencer = Sequencer(Program((add(1, 0, 5), misc(), HALT)), {}, lambda system, registers: 0)
    seen = [sequencer.registers[1] for _ in sequencer.run()]
    assert seen == [0, 5, 5]


def test_halt_ends_the_program_wherever_it_stands() -> None:
    assert trace(add(1, 0, 1), HALT, add(1, 0, 2))[0] == [0, 1]
    assert trace(*loop([add(1, 1, 1), HALT], times=5))[0] == [0, 1, 2]


def test_a_program_without_halt_ends_behind_its_last_instruction() -> None:
    program = Program((misc(), *loop([misc()], times=2)))
    sequencer = Sequencer(program, {}, lambda system, registers: 0)
    assert [pc for pc, _ in sequencer.run()] == [0, 1, 2, 2]


def test_peek_asks_for_its_word_once_it_is_reached() -> None:
    view = VectorView(base=3, register=1)
    _, registers = trace(sys(Scalar.PEEK, 6, vector=view, length=5, immediate=9))
    assert registers[6] == 1005


def test_peek_sees_the_registers_of_the_moment() -> None:
    seen = []

    def peek(system: System, registers: Registers) -> int:
        seen.append((system.length, registers[1]))
        return 4

    body = (add(1, 0, 5), sys(Scalar.PEEK, 1, length=2), sys(Scalar.PEEK, 1, length=3), HALT)
    list(Sequencer(Program(body), {}, peek).run())
    assert seen == [(2, 5), (3, 4)]


def test_a_fence_changes_no_register() -> None:
    _, registers = trace(add(1, 0, 5), fence(Unit.LD), sys(Scalar.FENCE, 1, immediate=3))
    assert registers[1] == 5


def test_trips_are_register_plus_immediate() -> None:
    for times, value, trips in ((2, 3, 5), (0, 2, 2), (M - 2, 3, 1), (M - 3, 3, 0)):
        body = loop([add(1, 1, 1)], times=times, register=9)
        _, registers = trace(*body, arguments=(argument(9, 0, 9),), values=(value,))
        assert registers[1] == trips


def test_an_empty_body_is_skipped() -> None:
    assert trace(sys(Scalar.LOOP, immediate=1000, length=0), add(1, 1, 1))[0] == [0, 1, 2]


def test_changing_the_register_of_a_running_loop_changes_no_trip() -> None:
    body = loop([add(9, 0, 100), add(1, 1, 1)], register=9)
    assert trace(*body, arguments=(argument(9, 0, 9),), values=(3,))[1][1] == 3


def nested(depth: int) -> list[Instruction]:
    body: list[Instruction] = [add(1, 1, 1)]
    for _ in range(depth):
        body = loop(body, times=2)
    return body


def test_eight_loops_may_be_nested_and_no_more() -> None:
    assert trace(*nested(8))[1][1] == 256
    with pytest.raises(DeviceError, match="instruction 8: loops nest deeper than 8"):
        trace(*nested(9))


def test_loops_one_after_another_are_not_nested() -> None:
    body = loop(loop([add(1, 1, 1)], times=2) * 12, times=2)
    assert trace(*body)[1][1] == 48


def test_an_abort_ends_the_program_at_the_next_boundary() -> None:
    asked = []

    def aborted() -> bool:
        asked.append(True)
        return len(asked) == 3

    pcs, _ = trace(add(2, 0, 1), *loop([add(1, 1, 1), misc()], times=9), add(3, 0, 1))
    assert len(pcs) == 2 + 18 + 2
    pcs, registers = trace(
        add(2, 0, 1), *loop([add(1, 1, 1), misc()], times=9), add(3, 0, 1), aborted=aborted
    )
    assert pcs == [0, 1, 2, 3, 2, 3, 2, 3]
    assert (registers[1], registers[3]) == (3, 0)


Body = list["int | tuple[int, Body]"]
"""Plain instructions, and loops: (trips, body)."""

trees: st.SearchStrategy[Body] = st.recursive(
    st.lists(st.just(0), max_size=2),
    lambda inner: st.lists(st.one_of(st.just(0), st.tuples(st.integers(0, 3), inner)), max_size=3),
    max_leaves=6,
)


def flatten(body: Body) -> list[Instruction]:
    found: list[Instruction] = []
    for item in body:
        found += [misc()] if isinstance(item, int) else loop(flatten(item[1]), times=item[0])
    return found


def unrolled(body: Body, start: int) -> tuple[list[int], int]:
    """What is executed, and the program counter behind the body."""
    order: list[int] = []
    for item in body:
        order.append(start)
        start += 1
        if not isinstance(item, int):
            inner, start = unrolled(item[1], start)
            order += item[0] * inner
    return order, start


def depth(body: Body) -> int:
    return max((1 + depth(item[1]) for item in body if not isinstance(item, int)), default=0)


@settings(max_examples=120, deadline=None)
@given(trees)
def test_nested_loops_run_in_the_order_of_their_unrolling(body: Body) -> None:
    assume(depth(body) <= 8)
    order, end = unrolled(body, 0)
    assert trace(*flatten(body))[0] == [*order, end]
