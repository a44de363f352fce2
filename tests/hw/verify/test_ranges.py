"""How narrow the intervals stay; that they are wide enough is shown in test_soundness."""

from tests.hw.verify.programs import accepted, add, argument, loop, nop, program, sys

from wingbeat.hw.isa.footprint import Interval
from wingbeat.hw.isa.instructions import Instruction, Scalar
from wingbeat.hw.isa.operands import VectorView
from wingbeat.hw.isa.program import Argument
from wingbeat.hw.verify.loops import structure
from wingbeat.hw.verify.ranges import analyse
from wingbeat.hw.verify.scalars import ANYTHING


def registers(
    *instructions: Instruction, arguments: tuple[Argument, ...] = ()
) -> list[list[Interval]]:
    """Registers 1 to 9 before each instruction."""
    whole = program(*instructions, arguments=arguments)
    before = analyse(whole, structure(whole)).before
    assert all(state is not None for state in before)
    return [list(state[:10]) for state in before if state is not None]


def test_arguments_start_in_their_range_and_all_others_at_0() -> None:
    (first,) = registers(arguments=(argument(3, 5, 9),))
    assert first[3] == Interval(5, 9)
    assert all(r == Interval.point(0) for i, r in enumerate(first) if i != 3)


def test_register_0_stays_0() -> None:
    assert registers(add(0, 0, 7))[-1][0] == Interval.point(0)


def test_a_pointer_in_a_loop() -> None:
    before = registers(*loop([add(1, 1, 36), nop()], 10))
    assert before[1][1] == Interval(0, 9 * 36)  # at the head
    assert before[2][1] == Interval(36, 10 * 36)
    assert before[3][1] == Interval.point(10 * 36)  # behind it


def test_a_pointer_in_a_loop_of_unknown_trips() -> None:
    before = registers(*loop([add(1, 1, 36)], register=2), arguments=(argument(2, 3, 10),))
    assert before[1][1] == Interval(0, 9 * 36)
    assert before[2][1] == Interval(3 * 36, 10 * 36)


def test_a_pointer_behind_a_loop_of_perhaps_no_trips() -> None:
    before = registers(*loop([add(1, 1, 36)], register=2), arguments=(argument(2, 0, 1),))
    assert before[1][1] == Interval.point(0)
    assert before[2][1] == Interval(0, 36)


def test_a_pointer_in_nested_loops() -> None:
    before = registers(*loop([*loop([add(1, 1, 4)], 5), add(1, 1, 100)], 3))
    assert before[2][1] == Interval(0, 2 * 120 + 4 * 4)
    assert before[3][1] == Interval(20, 2 * 120 + 20)
    assert before[4][1] == Interval.point(3 * 120)


def test_a_pointer_that_each_outer_iteration_resets() -> None:
    before = registers(*loop([add(1, 0, 7), *loop([add(1, 1, 4)], 5)], 3))
    assert before[3][1] == Interval(7, 7 + 4 * 4)
    assert before[4][1] == Interval.point(27)


def test_a_pointer_that_steps_by_a_register() -> None:
    before = registers(
        *loop([add(1, 1, 1, b=2), sys(Scalar.ADD, 3, 2, 3)], 10), arguments=(argument(2, 4, 8),)
    )
    assert before[1][1] == Interval(0, 9 * 9)
    assert before[3][1] == Interval(50, 90)
    assert before[3][3] == Interval(40, 80)


def test_a_pointer_that_steps_backwards() -> None:
    before = registers(add(1, 0, 100), *loop([add(1, 1, 2**32 - 2)], 10))
    assert before[2][1] == Interval(82, 100)
    assert before[3][1] == Interval.point(80)
    before = registers(add(1, 0, 100), *loop([sys(Scalar.SUB, 1, 1, immediate=2)], 10))
    assert before[2][1] == Interval(82, 100)
    assert before[3][1] == Interval.point(80)


def test_a_pointer_that_steps_by_a_pointer() -> None:
    before = registers(*loop([sys(Scalar.ADD, 2, 2, 1), add(1, 1, 1)], 4))
    assert before[1][1] == Interval(0, 3)
    assert before[1][2] == Interval(0, 3 * 3)


def test_a_pointer_that_would_wrap_is_anything() -> None:
    before = registers(*loop([add(1, 1, 2**30)], 8))
    assert before[1][1] == ANYTHING


def test_a_doubled_register_is_no_pointer() -> None:
    before = registers(add(1, 0, 1), *loop([sys(Scalar.ADD, 1, 1, 1)], 40))
    assert before[2][1] == ANYTHING


def test_a_clamped_position() -> None:
    """n = max(1, min(known - position, 32)); position = min(position + n, 8192)."""
    body = [
        sys(Scalar.SUB, 4, 1, 2),
        sys(Scalar.MIN, 4, 4, immediate=32),
        sys(Scalar.MAX, 4, 4, immediate=1),
        sys(Scalar.ADD, 2, 2, 4),
        sys(Scalar.MIN, 2, 2, immediate=8192),
    ]
    before = registers(
        *loop(body, register=3),
        arguments=(argument(1, 1, 8192), argument(2, 0, 8191), argument(3, 0, 10_000)),
    )
    assert before[1][2] == Interval(0, 8192)
    assert before[4][4] == Interval(1, 32)
    assert before[5][2] == Interval(1, 8224)
    assert before[6][2] == Interval(0, 8192)


def test_a_position_clamped_to_an_argument() -> None:
    before = registers(
        *loop([add(1, 1, 32), sys(Scalar.MIN, 1, 1, 2)], 1000), arguments=(argument(2, 1, 4000),)
    )
    assert before[1][1] == Interval(0, 4000)
    assert before[3][1] == Interval(1, 4000)


def test_narrowing_finds_a_bound_that_is_no_constant_of_the_program() -> None:
    before = registers(
        *loop([sys(Scalar.SHR, 3, 2, immediate=5), add(1, 1, 3), sys(Scalar.MIN, 1, 1, 3)], 1000),
        arguments=(argument(2, 320, 6400),),
    )
    assert before[1][1] == Interval(0, 200)
    assert before[4][1] == Interval(3, 200)


def test_a_ring_index() -> None:
    before = registers(*loop([add(1, 1, 1), sys(Scalar.AND, 1, 1, immediate=63)], 100_000))
    assert before[1][1] == Interval(0, 63)


def test_a_position_stays_narrow_in_eight_loops() -> None:
    body: list[Instruction] = [add(1, 1, 7), sys(Scalar.MIN, 1, 1, immediate=50), add(2, 2, 1)]
    for _ in range(8):
        body = loop(body, 3)
    before = registers(*body)
    assert before[8][1] == Interval(0, 50)
    assert before[-1][2] == Interval.point(3**8)


def test_two_registers_that_exchange_their_values() -> None:
    body = [add(3, 1, 0), add(1, 2, 0), add(2, 3, 0)]
    before = registers(add(1, 0, 10), *loop(body, 5))
    assert before[2][1] == before[2][2] == Interval(0, 10)


def test_a_peek_may_be_anything() -> None:
    assert registers(sys(Scalar.PEEK, 1, vector=VectorView(0)))[-1][1] == ANYTHING


def test_fences_and_halts_write_nothing() -> None:
    assert registers(add(1, 0, 5), sys(Scalar.FENCE, 1))[-1][1] == Interval.point(5)


def test_the_report_has_the_registers() -> None:
    report = accepted(*loop([add(1, 1, 36)], 10))
    state = report.registers[1]
    assert state is not None
    assert state[1] == Interval(0, 324)
