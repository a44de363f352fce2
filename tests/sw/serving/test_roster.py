import pytest
from tests.sw.serving.served import job

from wingbeat.compiler.image import Image
from wingbeat.sw import LLM
from wingbeat.sw.serving.job import Job
from wingbeat.sw.serving.roster import Roster


@pytest.fixture(scope="module")
def llm(short: Image) -> LLM:
    return LLM(short)


def jobs(llm: LLM, count: int) -> list[Job]:
    return [job(llm, f"{index}")[0] for index in range(count)]


def nothing(slot: int, job: Job) -> int:
    return 0


def test_first_come_first_served(llm: LLM) -> None:
    roster, some = Roster(2), jobs(llm, 4)
    roster.waiting.extend(some)
    assert roster.admit(nothing) == some[:2]
    assert [one.slot for one in some] == [0, 1, None, None]
    assert roster.leave(some[1])
    assert roster.admit(nothing) == [some[2]]
    assert some[2].slot == 1
    assert list(roster.waiting) == [some[3]]


def test_turns_go_round(llm: LLM) -> None:
    roster, some = Roster(3), jobs(llm, 3)
    assert roster.turn() is None
    roster.waiting.extend(some)
    roster.admit(nothing)
    assert [roster.turn() for _ in range(7)] == [*some, *some, some[0]]


def test_newcomers_are_next(llm: LLM) -> None:
    roster, some = Roster(4), jobs(llm, 4)
    roster.waiting.extend(some[:2])
    roster.admit(nothing)
    assert roster.turn() is some[0]
    roster.waiting.extend(some[2:])
    roster.admit(nothing)
    assert [roster.turn() for _ in range(4)] == [some[2], some[3], some[1], some[0]]


def test_a_job_gets_the_slot_that_knows_most_of_its_prompt(llm: LLM) -> None:
    roster, some = Roster(3), jobs(llm, 2)
    roster.waiting.append(some[0])
    roster.admit(lambda slot, job: [3, 9, 4][slot])
    assert (some[0].slot, some[0].cached) == (1, 9)


def test_of_equal_slots_it_gets_the_one_that_lay_idle_longest(llm: LLM) -> None:
    roster, some = Roster(3), jobs(llm, 4)
    roster.waiting.extend(some[:3])
    roster.admit(nothing)
    for index in (2, 0, 1):
        roster.leave(some[index])
    roster.waiting.append(some[3])
    roster.admit(nothing)
    assert some[3].slot == 2


def test_who_left_is_gone_and_gives_one_slot_back(llm: LLM) -> None:
    roster, some = Roster(1), jobs(llm, 2)
    roster.waiting.extend(some)
    roster.admit(nothing)
    assert [roster.leave(some[0]), roster.leave(some[0])] == [True, False]
    assert [roster.leave(some[1]), roster.leave(some[1])] == [True, False]
    assert list(roster) == []
    assert roster.turn() is None
