import pytest
from tests.hw.verify.programs import (
    CONFIG,
    HALT,
    MEMORY,
    accepted,
    argument,
    fence,
    loop,
    mask,
    misc,
    nop,
    refused,
)

from wingbeat.hw.errors import ProgramError
from wingbeat.hw.isa.instructions import Instruction, Scalar, System, Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.verify import verify

LD, ST, MPE, MISC, SYS = Unit


def test_peaks_are_counted_along_the_program() -> None:
    report = accepted(
        fence(MPE, release=(MISC, ST)),
        fence(MPE, release=(MISC,)),
        misc(wait=mask(MPE)),
        fence(MISC, wait=(MPE,)),
        fence(ST, wait=(MPE,)),
    )
    assert report.peak_tokens == {(MPE, MISC): 2, (MPE, ST): 1}


def test_an_instruction_waits_before_it_releases() -> None:
    accepted(
        fence(LD, release=(MISC,)), fence(MISC, wait=(LD,), release=(LD,)), fence(LD, wait=(MISC,))
    )


def test_each_direction_has_a_counter_of_its_own() -> None:
    refused(
        fence(MISC, release=(MPE,)),
        fence(MISC, wait=(MPE,)),
        because="instruction 1 (sys.fence): a wait for MPE must be met by an earlier release; "
        "the counter MPE -> MISC is at 0 here",
    )


def test_a_release_that_comes_later_does_not_meet_a_wait() -> None:
    refused(
        misc(wait=mask(MPE)),
        fence(MPE, release=(MISC,)),
        because="instruction 0 (misc.map): a wait for MPE must be met by an earlier release; "
        "the counter MPE -> MISC is at 0 here",
    )


def test_a_crossed_pair_of_waits_is_refused() -> None:
    """The classic deadlock: each waits for what the other does next."""
    refused(
        fence(MISC, wait=(MPE,)),
        fence(MPE, wait=(MISC,)),
        fence(MISC, release=(MPE,)),
        fence(MPE, release=(MISC,)),
        because="instruction 0 (sys.fence): a wait for MPE must be met by an earlier release; "
        "the counter MPE -> MISC is at 0 here",
    )


def test_a_counter_holds_15_tokens() -> None:
    give, take = fence(LD, release=(MISC,)), fence(MISC, wait=(LD,))
    assert accepted(*[give] * 15, *[take] * 15).peak_tokens == {(LD, MISC): 15}
    refused(
        *[give] * 16,
        *[take] * 16,
        because="instruction 15 (sys.fence): the counter LD -> MISC must hold at most 15 tokens, "
        "not 16",
    )


@pytest.mark.parametrize("unit", [LD, ST, MPE, MISC])
def test_no_unit_orders_itself(unit: Unit) -> None:
    for word, instruction in (
        ("wait for", fence(unit, wait=(unit,))),
        ("release", fence(unit, release=(unit,))),
    ):
        refused(
            instruction,
            because=f"instruction 0 (sys.fence): {unit.name} must not {word} itself",
        )


def test_sys_orders_itself_neither() -> None:
    refused(nop(wait=mask(SYS)), because="instruction 0 (sys.add): SYS must not wait for itself")


def test_sys_waits_and_releases_like_a_unit() -> None:
    accepted(nop(release=mask(LD)), fence(LD, wait=(SYS,), release=(SYS,)), nop(wait=mask(LD)))


def test_the_halt_may_take_the_last_tokens() -> None:
    halt = System(HALT.opcode, operation=Scalar.HALT, wait=mask(LD))
    verify(Program((fence(LD, release=(SYS,)), halt)), MEMORY, CONFIG)


def test_no_token_may_be_left() -> None:
    refused(
        fence(LD, release=(MISC,)),
        fence(LD, release=(MISC,)),
        fence(MISC, wait=(LD,)),
        because="instruction 1 (sys.fence): the program must end with the counter LD -> MISC at 0, "
        "not 1: this token is never taken",
    )


def test_a_halt_that_releases_leaves_a_token() -> None:
    halt = System(HALT.opcode, operation=Scalar.HALT, release=mask(LD))
    with pytest.raises(ProgramError, match=r"^instruction 0 \(sys.halt\): the program must end"):
        verify(Program((halt,)), MEMORY, CONFIG)


@pytest.mark.parametrize("times", [0, 1, 9])
def test_a_body_may_not_gain_tokens(times: int) -> None:
    """Whatever the trips: what takes them behind the loop would not know how many."""
    refused(
        *loop([fence(LD, release=(MISC,))], times),
        fence(MISC, wait=(LD,)),
        because="instruction 0 (sys.loop): the body must leave the counter LD -> MISC as it found "
        "it, not change it by +1",
    )


def test_a_body_may_not_lose_tokens() -> None:
    refused(
        fence(LD, release=(MISC,)),
        *loop([fence(MISC, wait=(LD,))], register=1),
        arguments=(argument(1, 1, 1),),
        because="instruction 1 (sys.loop): the body must leave the counter LD -> MISC as it found "
        "it, not change it by -1",
    )


def test_a_body_may_pass_a_token_from_one_iteration_to_the_next() -> None:
    """Double buffering: the loads run one iteration ahead."""
    body: list[Instruction] = [fence(LD, release=(MISC,)), fence(MISC, wait=(LD,))]
    report = accepted(body[0], *loop(body, register=1), body[1], arguments=(argument(1, 0, 99),))
    assert report.peak_tokens == {(LD, MISC): 2}


def test_a_body_of_a_loop_that_never_runs_is_checked_too() -> None:
    refused(
        *loop([fence(MISC, wait=(LD,)), fence(LD, release=(MISC,))], 0),
        because="instruction 1 (sys.fence): a wait for LD must be met by an earlier release; "
        "the counter LD -> MISC is at 0 here",
    )


def test_the_loop_instruction_itself_waits_once() -> None:
    body = loop([nop()], 5)
    waiting = System(body[0].opcode, wait=mask(LD), operation=Scalar.LOOP, immediate=5, length=1)
    accepted(fence(LD, release=(SYS,)), waiting, nop())
