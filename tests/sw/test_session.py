import time
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from tests.sim.runner import Runner
from tests.sw.scripted import ScriptedDevice, Step, becoming, publishing

from wingbeat.compiler.image import Image
from wingbeat.hw.control import State
from wingbeat.hw.errors import DeviceError, RequestError
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.session import Session

TEXT = [int(token) for token in np.random.default_rng(5).integers(3, 512, 60)]


class Counting(IsaDevice):
    """The ISA machine, with a note of every start and every word written."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: list[dict[str, int]] = []
        self.aborts = 0

    def start(self, arguments: Mapping[str, int]) -> None:
        self.starts.append(dict(arguments))
        super().start(arguments)

    def abort(self) -> None:
        self.aborts += 1
        super().abort()


def opened(image: Image) -> tuple[Counting, Session]:
    device = Counting()
    device.load(image)
    return device, Session(device, image)


@pytest.fixture(scope="module")
def wanted(short: Image) -> Runner:
    """A machine that is driven without a session."""
    return Runner(short)


def test_tokens_are_those_of_the_machine(short: Image, wanted: Runner) -> None:
    assert list(opened(short)[1].generate(TEXT[:40], 5)) == wanted.generate(TEXT[:40], 5)


def test_logits_are_those_of_the_machine(short: Image, wanted: Runner) -> None:
    _, session = opened(short)
    rows = wanted.prefill(TEXT[:40])
    assert session.score(TEXT[:40]).tobytes() == rows.tobytes()
    assert session.logits(TEXT[:40]).tobytes() == rows[-1].tobytes()
    found = session.candidates(TEXT[:40], 9)
    assert found.ids.tolist() == sorted(range(512), key=lambda t: (-rows[-1][t], t))[:9]
    assert found.logits.tolist() == rows[-1][found.ids].tolist()


def test_every_position_of_the_context_can_be_used(short: Image) -> None:
    _, session = opened(short)
    assert len(list(session.generate(TEXT[:63], 1))) == 1
    assert len(list(session.generate(TEXT[:60], 4))) == 4
    assert session.score([*TEXT, 3, 4, 5, 6]).shape == (64, 512)


def test_a_prompt_that_goes_on_is_not_processed_again(short: Image) -> None:
    device, session = opened(short)
    tokens = list(session.generate(TEXT[:40], 4))
    longer = [*TEXT[:40], *tokens, 7, 8]
    assert session.reusable(longer) == 43
    device.starts.clear()
    again = list(session.generate(longer, 3))
    assert [start["position"] for start in device.starts] == [43]
    assert again == list(opened(short)[1].generate(longer, 3))


def test_a_prompt_that_differs_is_processed_from_there_on(short: Image) -> None:
    _, session = opened(short)
    list(session.generate(TEXT[:40], 4))
    other = [*TEXT[:20], 9, *TEXT[21:40]]
    assert session.reusable(other) == 20
    assert list(session.generate(other, 3)) == list(opened(short)[1].generate(other, 3))


def test_the_last_token_is_always_processed(short: Image) -> None:
    _, session = opened(short)
    first = list(session.generate(TEXT[:40], 1))
    assert session.reusable(TEXT[:40]) == 39
    assert list(session.generate(TEXT[:40], 1)) == first


def test_scores_take_nothing_from_a_cache(short: Image) -> None:
    _, session = opened(short)
    fresh = session.score(TEXT[:40])
    assert session.score(TEXT[:40]).tobytes() == fresh.tobytes()


def test_candidates_leave_the_text_as_it_is(short: Image) -> None:
    _, session = opened(short)
    session.candidates(TEXT[:40], 3)
    assert session.reusable(TEXT[:41]) == 40
    assert session.candidates(TEXT[:41], 3).ids.tolist() == (
        opened(short)[1].candidates(TEXT[:41], 3).ids.tolist()
    )


def test_closing_a_generator_stops_the_device_and_leaves_it_usable(short: Image) -> None:
    device, session = opened(short)
    tokens = session.generate(TEXT[:10], 50)
    first = [next(tokens), next(tokens)]
    assert session.reusable([*TEXT[:10], *first]) == 11
    tokens.close()
    assert device.aborts == 1
    assert list(session.generate(TEXT[:10], 2)) == first
    assert device.advance(0) is State.FINISHED


def test_a_prompt_is_prefilled_chunk_by_chunk(short: Image) -> None:
    device, session = opened(short)
    # chunks of 32: the second call finds less than one left, which the first token takes along
    assert [session.prefill(TEXT), session.prefill(TEXT)] == [True, False]
    assert session.reusable(TEXT) == 32
    tokens = list(session.generate(TEXT, 3))
    assert [start["position"] for start in device.starts] == [0, 32]
    assert tokens == list(opened(short)[1].generate(TEXT, 3))


def test_slots_take_turns_on_one_device(short: Image) -> None:
    texts = [TEXT, TEXT[::-1]]
    wanted = [list(opened(short)[1].generate(text, 4)) for text in texts]
    device, first = opened(short)
    sessions = [first, Session(device, short, 1)]
    lists = [list(text) for text in texts]
    for session, tokens in zip(sessions, lists, strict=True):
        while session.prefill(tokens):
            pass
    for _ in range(2):
        for session, tokens in zip(sessions, lists, strict=True):
            tokens += session.generate(tokens, 2)
    assert [tokens[len(TEXT) :] for tokens in lists] == wanted
    # what the other one did meanwhile cost nothing
    assert [start["position"] for start in device.starts[4:]] == [61, 61]


def test_a_session_does_one_thing_at_a_time(short: Image) -> None:
    _, session = opened(short)
    tokens = session.generate(TEXT[:10], 50)
    next(tokens)
    for other in (session.logits, session.score):
        with pytest.raises(RequestError, match="a stream must end"):
            other(TEXT[:10])
    assert next(tokens) >= 0


def test_a_generator_that_has_not_begun_gives_way(short: Image) -> None:
    _, session = opened(short)
    late = session.generate(TEXT[:10], 2)
    wanted = list(session.generate(TEXT[:20], 2))
    assert list(late) == list(opened(short)[1].generate(TEXT[:10], 2))
    assert list(session.generate(TEXT[:20], 2)) == wanted


def test_scores_that_another_request_interrupts_say_so(short: Image) -> None:
    _, session = opened(short)
    rows = session.scores(TEXT[:40])
    next(rows)
    session.logits(TEXT[:5])
    with pytest.raises(RequestError, match="before its session begins another"):
        next(rows)


def test_slots_do_not_disturb_each_other(short: Image) -> None:
    device, first = opened(short)
    second = Session(device, short, slot=1)
    a = list(first.generate(TEXT[:20], 2))
    b = list(second.generate(TEXT[20:45], 2))
    assert a == list(opened(short)[1].generate(TEXT[:20], 2))
    assert b == list(opened(short)[1].generate(TEXT[20:45], 2))
    assert first.reusable([*TEXT[:20], *a]) == 21
    assert list(first.generate([*TEXT[:20], *a], 1)) == (
        list(opened(short)[1].generate([*TEXT[:20], *a], 1))
    )


def test_progress_counts_the_tokens_of_the_prompt(short: Image) -> None:
    _, session = opened(short)
    seen: list[tuple[int, int]] = []
    session.logits(TEXT[:60], lambda done, total: seen.append((done, total)))
    assert seen == [(32, 60), (60, 60)]


@pytest.mark.parametrize("slot", [-1, 2])
def test_a_slot_must_exist(short: Image, slot: int) -> None:
    with pytest.raises(RequestError, match=f"slot must be 0 to 1, not {slot}"):
        Session(IsaDevice(), short, slot)


@pytest.mark.parametrize(("tokens", "count", "reason"), [
    ([], 1, "at least one token"),
    ([3] * 64, 1, "a prompt of 64 tokens must leave room within the context of 64"),
    ([3] * 65, 1, "a prompt of 65 tokens must leave room"),
    ([3] * 60, 5, "a prompt of 60 tokens and 5 more must fit the context of 64"),
    ([3, 512], 1, "a token id must be 0 to 511, not 512"),
    ([-1, 3], 1, "not -1"),
    ([3], 0, "at least 1, not 0"),
    ([3], -5, "at least 1, not -5"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_at_once(
    short: Image, tokens: list[int], count: int, reason: str
) -> None:
    device, session = opened(short)
    with pytest.raises(RequestError, match=reason):
        session.generate(tokens, count)
    assert not device.starts


@pytest.mark.parametrize("k", [0, 65])
def test_candidates_are_1_to_64(short: Image, k: int) -> None:
    with pytest.raises(RequestError, match="1 to 64"):
        opened(short)[1].candidates([3], k)


def test_a_score_of_too_many_tokens_is_refused(short: Image) -> None:
    with pytest.raises(RequestError, match="65 tokens must fit the context of 64"):
        opened(short)[1].score([3] * 65)


# ---- devices that misbehave ---------------------------------------------------------------


Scripted = Callable[..., tuple[ScriptedDevice, Session]]


@pytest.fixture
def scripted(short: Image, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """Return a session on a scripted device, whose clock is the only one."""

    def pair(*steps: Step) -> tuple[ScriptedDevice, Session]:
        device = ScriptedDevice(short.memory, steps)
        monkeypatch.setattr(time, "monotonic", lambda: device.now)
        return device, Session(device, short, patience=2.5)

    return pair


def test_tokens_that_come_late_or_together_are_yielded_in_order(scripted: Scripted) -> None:
    _, session = scripted(
        becoming(State.RUNNING), publishing(7), publishing(8, 9),
        publishing(then=State.FINISHED),
    )  # fmt: skip
    assert list(session.generate([3], 3)) == [7, 8, 9]


def test_a_long_text_is_several_starts(tiny: Image) -> None:
    steps = [publishing(*range(3, 67), then=State.FINISHED), publishing(70, then=State.FINISHED)]
    device = ScriptedDevice(tiny.memory, steps)
    assert list(Session(device, tiny).generate([3, 4], 65)) == [*range(3, 67), 70]
    starts = [(s["known"], s["position"], s["generate"], s["sequence"]) for s in device.starts]
    assert starts == [(2, 0, 64, 0), (66, 65, 1, 64)]


def test_a_failure_says_where_it_was(scripted: Scripted) -> None:
    step = becoming(State.FAILED, error=2, error_pc=17, error_unit=1, heartbeat=99)
    device, session = scripted(step)
    with pytest.raises(DeviceError, match=(
        "device scripted stopped at instruction 17 of unit 1 with error ADDRESS, 99 instructions "
        "retired; nothing is known"
    )):  # fmt: skip
        list(session.generate([3], 1))
    assert device.aborts == 0


def test_a_device_that_ends_too_soon_is_an_error(scripted: Scripted) -> None:
    _, session = scripted(publishing(7, then=State.FINISHED))
    tokens = session.generate([3], 3)
    assert next(tokens) == 7
    with pytest.raises(DeviceError, match="publish 2 more tokens, and is FINISHED"):
        next(tokens)


def test_a_token_beyond_the_vocabulary_is_an_error(scripted: Scripted) -> None:
    device, session = scripted(publishing(512), becoming(State.ABORTED))
    with pytest.raises(DeviceError, match="token ids below 512, not 512"):
        next(session.generate([3], 3))
    assert device.aborts == 1


def test_a_device_without_progress_is_told_to_stop_and_not_waited_for(scripted: Scripted) -> None:
    stuck = becoming(State.RUNNING, heartbeat=5)
    device, session = scripted(stuck, stuck)
    with pytest.raises(DeviceError, match=r"make progress within 2.5 s, and is RUNNING") as caught:
        list(session.generate([3], 1))
    assert caught.value.__context__ is None
    assert device.aborts == 1
    assert device.now == 5.0


def test_of_two_errors_the_first_is_told(scripted: Scripted) -> None:
    device, session = scripted(publishing(512), becoming(State.RUNNING))
    with pytest.raises(DeviceError, match="token ids below 512, not 512"):
        next(session.generate([3], 3))
    assert device.aborts == 1


def test_a_slow_device_that_makes_progress_is_waited_for(scripted: Scripted) -> None:
    slow = [becoming(State.RUNNING, heartbeat=beat) for beat in range(20)]
    _, session = scripted(*slow, publishing(7, then=State.FINISHED))
    assert list(session.generate([3], 1)) == [7]


def test_a_device_that_does_not_stop_is_an_error(scripted: Scripted) -> None:
    device, session = scripted(publishing(7), becoming(State.RUNNING))
    tokens = session.generate([3], 9)
    next(tokens)
    with pytest.raises(DeviceError, match=r"must abort within 2.5 s"):
        tokens.close()
    assert device.aborts == 1


def test_after_an_error_the_session_goes_on(scripted: Scripted) -> None:
    device, session = scripted(becoming(State.FAILED))
    with pytest.raises(DeviceError):
        list(session.generate([3], 1))
    device.steps += [publishing(8, then=State.FINISHED)]
    assert list(session.generate([3], 1)) == [8]


def test_scores_that_fail_leave_nothing_to_reuse(scripted: Scripted) -> None:
    _, session = scripted(publishing(7, then=State.FINISHED), becoming(State.FAILED))
    list(session.generate([3, 4, 5], 1))
    assert session.reusable([3, 4, 5]) == 2
    with pytest.raises(DeviceError):
        session.score([3, 9, 9])
    assert session.reusable([3, 9, 9]) == 0
