import contextlib
import time
from collections.abc import Iterator

import pytest
from tests.sw.serving.served import Faulty, Held, Told, alone, eventually, job
from tests.sw.text.tokenizers import byte_level

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import DeviceError
from wingbeat.sw import LLM
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.serving import engine as engine_module
from wingbeat.sw.serving.engine import Engine
from wingbeat.sw.serving.errors import BusyError, UnavailableError
from wingbeat.sw.serving.metrics import Metrics

PROMPTS = [f"{name}.\nWhat" for name in ("ROMEO", "JULIET", "HAMLET", "DUKE", "YORK", "LEAR")]


@contextlib.contextmanager
def running(
    image: Image, device: IsaDevice | None = None, **options: int
) -> Iterator[tuple[LLM, Engine]]:
    with LLM(image, device or IsaDevice()) as llm:
        engine = Engine(llm, Metrics(), **options)
        engine.start()
        yield llm, engine
        assert engine.close(time.monotonic() + 10)


def outcomes(engine: Engine) -> dict[str, float]:
    (family,) = engine._metrics.requests.collect()
    return {
        sample.labels["outcome"]: sample.value
        for sample in family.samples
        if sample.name.endswith("_total")
    }


@pytest.mark.parametrize("turn", [1, 3, 100])
def test_everybody_gets_the_text_that_it_gets_alone(eight: Image, turn: int) -> None:
    with running(eight, turn=turn) as (llm, engine):
        told = []
        for prompt in PROMPTS:
            one, client = job(llm, prompt, 7)
            engine.submit(one)
            told.append(client)
        for client in told:
            client.wait()
    assert [client.text for client in told] == [alone(eight, prompt, 7) for prompt in PROMPTS]
    endings = [client.ending for client in told]
    assert all(ending is not None and ending.finish == "length" for ending in endings)


def test_first_tokens_come_one_after_the_other_whatever_else_is_asked(eight: Image) -> None:
    device = Held()
    with running(eight, device, turn=4) as (llm, engine):
        told = []
        for index in range(8):
            one, client = job(llm, f"{index}: What", 12)
            told.append(client)
            engine.submit(one)
        device.go()
        for client in told:
            client.wait()
    # one start for each first token, before anybody has a second turn
    assert [(start["slot"], start["generate"]) for start in device.starts[:8]] == [
        (slot, 1) for slot in range(8)
    ]
    assert {start["generate"] for start in device.starts[8:-8]} == {4}


def test_a_long_prompt_lets_others_go_between_its_chunks(eight: Image) -> None:
    device = Held()
    with running(eight, device) as (llm, engine):
        long, first = job(llm, "a " * 60, 2)
        short, second = job(llm, "Hi", 2)
        engine.submit(long)
        engine.submit(short)
        device.go()
        first.wait()
        second.wait()
    assert [start["slot"] for start in device.starts[:4]] == [0, 1, 0, 1]


def test_more_jobs_than_slots_wait_for_their_turn(short: Image) -> None:
    with running(short) as (llm, engine):
        jobs = [job(llm, prompt, 5) for prompt in PROMPTS]
        for one, _ in jobs:
            engine.submit(one)
        for _, client in jobs:
            client.wait()
    assert [client.text for _, client in jobs] == [alone(short, prompt, 5) for prompt in PROMPTS]


def test_a_chat_that_goes_on_finds_its_caches(eight: Image) -> None:
    with running(eight) as (llm, engine):
        first = []
        for prompt in PROMPTS[:3]:
            one, client = job(llm, prompt, 6)
            engine.submit(one)
            first.append(client)
        for client in first:
            client.wait()
        longer = PROMPTS[1] + first[1].text + " is"
        one, client = job(llm, longer, 4)
        engine.submit(one)
        client.wait()
    assert one.slot == 1
    assert client.ending is not None
    # all but the last token of the answer, which nothing followed
    assert client.ending.cached_tokens == len(byte_level().encode(PROMPTS[1]).ids) + 5
    assert client.text == alone(eight, longer, 4)


def test_a_full_queue_refuses(short: Image) -> None:
    device = Held()
    with running(short, device, queue=2) as (llm, engine):
        jobs = [job(llm, prompt, 2) for prompt in PROMPTS]
        for one, _ in jobs[:4]:
            engine.submit(one)
        with pytest.raises(BusyError, match="at most 2 requests may wait for one of 2") as caught:
            engine.submit(jobs[4][0])
        assert 1 <= caught.value.retry_after <= 120
        device.go()
        for _, client in jobs[:4]:
            client.wait()
        engine.submit(jobs[4][0])
        jobs[4][1].wait()
        eventually(lambda: outcomes(engine) == {"busy": 1, "length": 5})


def test_a_cancelled_job_with_a_slot_leaves_it_to_others(short: Image) -> None:
    device = Held()
    with running(short, device) as (llm, engine):
        jobs = [job(llm, prompt, 5) for prompt in PROMPTS[:3]]
        for one, _ in jobs:
            engine.submit(one)
        eventually(lambda: bool(device.starts))
        engine.cancel(jobs[0][0])
        device.go()
        for _, client in jobs[1:]:
            client.wait()
        eventually(lambda: outcomes(engine) == {"cancelled": 1, "length": 2})
    assert [client.text for _, client in jobs[1:]] == [
        alone(short, prompt, 5) for prompt in PROMPTS[1:3]
    ]


def test_a_cancelled_job_without_one_leaves_its_place_at_once(short: Image) -> None:
    device = Held()
    with running(short, device, queue=1) as (llm, engine):
        jobs = [job(llm, prompt, 5) for prompt in PROMPTS[:4]]
        for one, _ in jobs[:3]:
            engine.submit(one)
        eventually(lambda: bool(device.starts))
        with pytest.raises(BusyError):
            engine.submit(jobs[3][0])
        engine.cancel(jobs[2][0])
        engine.submit(jobs[3][0])
        device.go()
        for index in (0, 1, 3):
            jobs[index][1].wait()
        eventually(lambda: outcomes(engine) == {"busy": 1, "cancelled": 1, "length": 3})


def test_a_job_cancelled_on_its_turn_ends_with_the_token_in_progress(short: Image) -> None:
    device = Held()
    with running(short, device, turn=50) as (llm, engine):
        one, client = job(llm, "a", 50)
        engine.submit(one)
        device.permits.release(4)
        eventually(lambda: len(client.pieces) >= 2)
        engine.cancel(one)
        device.go()
        eventually(lambda: outcomes(engine) == {"cancelled": 1})
        assert one.generated < 6
        again, client = job(llm, "a", 5)
        engine.submit(again)
        client.wait()
    assert client.text == alone(short, "a", 5)


def test_a_device_error_ends_one_request_and_no_other(eight: Image) -> None:
    device = Faulty(9, 17)
    with running(eight, device, turn=2) as (llm, engine):
        jobs = [job(llm, prompt, 8) for prompt in PROMPTS]
        for one, _ in jobs:
            engine.submit(one)
        for _, client in jobs:
            client.wait()
        assert engine.health == "ok"
        eventually(lambda: outcomes(engine) == {"error": 2, "length": 4})
    assert device.loads == 3
    failed = [client for _, client in jobs if client.error is not None]
    assert [str(client.error) for client in failed] == ["the device caught fire"] * 2
    for (_, client), prompt in zip(jobs, PROMPTS, strict=True):
        whole = alone(eight, prompt, 8)
        assert client.text == whole if client.error is None else whole.startswith(client.text)


def test_requests_wait_for_a_device_that_comes_back(
    short: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "FIRST_RETRY", 0.01)
    with running(short, Faulty(3, refused=3)) as (llm, engine):
        jobs = [job(llm, prompt, 8) for prompt in PROMPTS[:2]]
        for one, _ in jobs:
            engine.submit(one)
        for _, client in jobs:
            client.wait()
    assert sorted(client.error is None for _, client in jobs) == [False, True]


def test_nobody_waits_forever_for_one_that_does_not(
    short: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(engine_module, "PATIENCE", 0.05)
    device = Faulty(3, refused=1_000_000)
    with running(short, device) as (llm, engine):
        jobs = [job(llm, prompt, 8) for prompt in PROMPTS[:4]]
        for one, _ in jobs:
            engine.submit(one)
        for _, client in jobs:
            client.wait()
        assert sorted(str(client.error) for _, client in jobs) == [
            "the device caught fire",
            *["the device does not come back: the cable is out"] * 3,
        ]
        eventually(lambda: engine.health == "failed")
        with pytest.raises(UnavailableError, match="the device does not come back"):
            engine.submit(job(llm, "a")[0])
        device.refused = 0
        eventually(lambda: engine.health == "ok")
        one, client = job(llm, "a", 3)
        engine.submit(one)
        client.wait()
    assert client.text == alone(short, "a", 3)


def test_a_bug_is_a_device_error_to_the_client(
    short: Image, caplog: pytest.LogCaptureFixture
) -> None:
    class Buggy(Told):
        def __call__(self, event: object) -> None:
            if isinstance(event, str):
                raise KeyError("oops")
            super().__call__(event)  # type: ignore[arg-type]

    with running(short) as (llm, engine):
        one, client = job(llm, "a", told=Buggy())
        engine.submit(one)
        client.wait()
        assert isinstance(client.error, DeviceError)
        assert str(client.error) == "the server failed: KeyError"
    assert "ended with an error of the server" in caplog.text


def test_draining_finishes_what_runs_and_refuses_the_rest(short: Image) -> None:
    device = Held()
    with running(short, device) as (llm, engine):
        jobs = [job(llm, prompt, 5) for prompt in PROMPTS[:3]]
        for one, _ in jobs:
            engine.submit(one)
        eventually(lambda: bool(device.starts))
        engine.drain()
        with pytest.raises(UnavailableError, match="it shuts down"):
            engine.submit(job(llm, "a")[0])
        device.go()
        for _, client in jobs:
            client.wait()
    assert [client.error is None for _, client in jobs] == [True, True, False]
    assert isinstance(jobs[2][1].error, UnavailableError)
    assert jobs[1][1].text == alone(short, PROMPTS[1], 5)


def test_closing_gives_up_what_runs(short: Image) -> None:
    device = Held()
    with running(short, device) as (llm, engine):
        one, client = job(llm, "a", 50)
        engine.submit(one)
        device.permits.release(4)
        eventually(lambda: bool(client.pieces))
        device.go()
        assert engine.close(time.monotonic() + 10)
        client.wait()
        assert isinstance(client.error, UnavailableError)
