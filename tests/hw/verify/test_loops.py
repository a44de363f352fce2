import pytest
from tests.hw.verify.programs import (
    CONFIG,
    HALT,
    MEMORY,
    accepted,
    add,
    argument,
    loop,
    misc,
    nop,
    refused,
    sys,
)

from wingbeat.hw.errors import ProgramError
from wingbeat.hw.isa.footprint import Interval
from wingbeat.hw.isa.instructions import Instruction, Scalar
from wingbeat.hw.isa.operands import VectorView
from wingbeat.hw.isa.program import Program
from wingbeat.hw.verify import verify
from wingbeat.hw.verify.loops import Loop


def test_structure_is_a_tree() -> None:
    report = accepted(nop(), *loop([nop(), *loop([nop()], 2), nop()], 3), nop())
    assert report.structure == (0, Loop(1, (2, Loop(3, (4,)), 5)), 6, 7)
    assert report.trips == {1: Interval.point(3), 3: Interval.point(2)}
    assert report.executed == 1 + 1 + 3 * (1 + 1 + 2 + 1) + 1 + 1


def test_loops_may_end_together() -> None:
    report = accepted(*loop(loop([nop()], 2), 3))
    assert report.structure == (Loop(0, (Loop(1, (2,)),)), 3)


def test_a_loop_that_never_runs_is_left_out() -> None:
    beyond = misc(destination=VectorView(4000))
    report = accepted(*loop([beyond, *loop([nop()], 5)], 0))
    assert report.trips == {0: Interval.point(0)}
    assert report.registers[1] is None
    assert report.executed == 2


def test_an_empty_program_is_refused() -> None:
    with pytest.raises(
        ProgramError, match=r"^a program must have at least one instruction, its HALT$"
    ):
        verify(Program(()), MEMORY, CONFIG)


def test_a_program_must_halt() -> None:
    rule = r"^instruction 0 \(sys.add\): the last instruction must be a HALT$"
    with pytest.raises(ProgramError, match=rule):
        verify(Program((nop(),)), MEMORY, CONFIG)


HALTS = "a HALT must be the last instruction, outside of all loops"


def test_nothing_may_follow_a_halt() -> None:
    refused(HALT, because=f"instruction 0 (sys.halt): {HALTS}")


def test_a_halt_in_a_loop_is_refused() -> None:
    refused(*loop([HALT], 1), because=f"instruction 1 (sys.halt): {HALTS}")
    last_in_loop = Program(tuple(loop([nop(), HALT], 1)))
    with pytest.raises(ProgramError, match=r"^instruction 2 \(sys.halt\): a HALT must be"):
        verify(last_in_loop, MEMORY, CONFIG)


def test_an_empty_loop_is_refused() -> None:
    refused(
        *loop([], 1),
        because="instruction 0 (sys.loop): `length` must be at least 1: a loop repeats something",
    )


def test_a_body_must_end_within_the_program() -> None:
    refused(
        nop(),
        sys(Scalar.LOOP, immediate=1, length=3),
        nop(),
        because="instruction 1 (sys.loop): `length` must end within the program, at most 2, not 3",
    )


def test_a_body_must_end_within_the_body_around_it() -> None:
    refused(
        sys(Scalar.LOOP, immediate=1, length=2),
        sys(Scalar.LOOP, immediate=1, length=2),
        nop(),
        nop(),
        because="instruction 1 (sys.loop): `length` must end within the body of the loop around "
        "it, at most 1, not 2",
    )


def test_eight_loops_may_nest_but_not_nine() -> None:
    body: list[Instruction] = [nop()]
    for _ in range(8):
        body = loop(body, 1)
    accepted(*body)
    refused(
        *loop(body, 1),
        because="instruction 8 (sys.loop): loops must nest at most 8 deep, not 9",
    )


def test_trips_must_be_bounded() -> None:
    accepted(*loop([nop()], register=1), arguments=(argument(1, 0, 2**24 - 1),))
    refused(
        *loop([nop()], register=1),
        arguments=(argument(1, 0, 2**24),),
        because="instruction 0 (sys.loop): the trip count must be at most 16777215 for all "
        "register values, not 0 to 16777216",
    )


def test_a_count_that_wraps_is_not_bounded() -> None:
    refused(
        *loop([nop()], 2**32 - 1, register=1),
        arguments=(argument(1, 0, 1),),
        because="instruction 0 (sys.loop): the trip count must be at most 16777215 for all "
        "register values, not 0 to 4294967295",
    )


def test_one_less_than_a_register_is_a_count() -> None:
    report = accepted(*loop([nop()], 2**32 - 1, register=1), arguments=(argument(1, 1, 9),))
    assert report.trips[0] == Interval(0, 8)


def test_the_product_of_trips_must_be_bounded() -> None:
    body = loop(loop([add(1, 1, 1)], 2**20), 2**20)
    refused(
        *body,
        because="a program must execute at most 1099511627776 instructions, not up to "
        "1099512676354: it would not end within an hour",
    )
