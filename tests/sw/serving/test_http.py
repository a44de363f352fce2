import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from tests.sw.serving.served import DEADLINE, Faulty, Held, Served, alone, eventually, serving

from wingbeat.compiler.image import Image
from wingbeat.sw import LLM
from wingbeat.sw.serving import bounds, delivery

PROMPT = "ROMEO.\nWhat"
HI: list[Any] = [{"role": "user", "content": "Hi"}]
GREEDY: dict[str, Any] = {"model": "tiny", "temperature": 0}


@pytest.fixture(scope="module")
def served(eight: Image) -> Iterator[Served]:
    with serving(eight) as server:
        yield server


@pytest.fixture
def client(served: Served) -> Iterator[openai.OpenAI]:
    with served.client() as one:
        yield one


@contextlib.contextmanager
def refused(kind: type[openai.APIStatusError]) -> Iterator[dict[str, Any]]:
    """The error that a client gets; its message is one sentence."""
    error: dict[str, Any] = {}
    with pytest.raises(kind) as caught:
        yield error
    assert isinstance(caught.value.body, dict)
    error |= caught.value.body
    error["headers"] = caught.value.response.headers
    assert "\n" not in error["message"]


# ---- answers ----------------------------------------------------------------------------------


def test_a_completion_is_the_text_of_the_model(client: openai.OpenAI, eight: Image) -> None:
    answer = client.completions.create(**GREEDY, prompt=PROMPT, max_tokens=8)
    assert answer.choices[0].text == alone(eight, PROMPT, 8)
    assert answer.choices[0].finish_reason == "length"
    assert answer.model == "tiny"
    assert answer.usage is not None
    assert (answer.usage.completion_tokens, answer.usage.total_tokens) == (
        8, 8 + answer.usage.prompt_tokens
    )  # fmt: skip


def test_a_stream_is_the_same_text_in_pieces(client: openai.OpenAI, eight: Image) -> None:
    with client.completions.create(
        **GREEDY, prompt=PROMPT, max_tokens=8, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    pieces = [chunk.choices[0].text for chunk in chunks if chunk.choices]
    assert "".join(pieces) == alone(eight, PROMPT, 8)
    assert len([piece for piece in pieces if piece]) > 4
    assert [chunk.choices[0].finish_reason for chunk in chunks[-3:-1]] == [None, "length"]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8
    assert len({chunk.id for chunk in chunks}) == 1


def test_pieces_come_while_the_device_is_at_work(short: Image) -> None:
    device = Held()
    with (
        serving(short, device) as served,
        served.client() as client,
        client.completions.create(**GREEDY, prompt="a", max_tokens=3, stream=True) as stream,
    ):
        # one for the first token, one for the end of its start
        device.permits.release(2)
        assert next(iter(stream)).choices[0].text
        device.go()
        assert len(list(stream)) == 3


def test_a_chat_is_answered(client: openai.OpenAI, eight: Image) -> None:
    with LLM(eight) as llm:
        whole = "".join(llm.chat(HI, max_tokens=20))
    answer = client.chat.completions.create(**GREEDY, messages=HI, max_completion_tokens=20)
    assert answer.choices[0].message.content == whole
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"


def test_a_chat_is_streamed_until_its_context_is_full(client: openai.OpenAI) -> None:
    question: list[Any] = [
        {"role": "developer", "content": "Sing."},
        {"role": "user", "content": [{"type": "text", "text": "a " * 25}]},
    ]
    options: dict[str, Any] = {"model": "tiny", "messages": question, "seed": 3}
    whole = client.chat.completions.create(**options)
    with client.chat.completions.create(**options, stream=True) as stream:
        chunks = list(stream)
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
    assert whole.usage is not None
    ended = whole.choices[0].finish_reason == "stop"
    assert ended or whole.usage.total_tokens == 128


def test_the_same_seed_gives_the_same_text(client: openai.OpenAI, eight: Image) -> None:
    def sampled(seed: int) -> str:
        answer = client.completions.create(
            model="tiny", prompt=PROMPT, max_tokens=6, seed=seed, top_p=0.9, extra_body={"top_k": 9}
        )
        return answer.choices[0].text

    wanted = alone(eight, PROMPT, 6, temperature=1.0, seed=1, top_p=0.9, top_k=9)
    assert [sampled(1), sampled(1)] == [wanted, wanted]
    assert sampled(2) != wanted


def test_a_stop_string_ends_the_text(client: openai.OpenAI, eight: Image) -> None:
    text = alone(eight, PROMPT, 8)
    stop = text[4:6]
    answer = client.completions.create(**GREEDY, prompt=PROMPT, max_tokens=8, stop=["\0", stop])
    assert answer.choices[0].text == text[: text.index(stop)]
    assert answer.choices[0].finish_reason == "stop"


def test_a_prompt_may_be_token_ids(client: openai.OpenAI, served: Served, eight: Image) -> None:
    ids = served.llm.prompts.raw(PROMPT)
    for prompt in (ids, [PROMPT]):
        answer = client.completions.create(**GREEDY, prompt=prompt, max_tokens=4)
        assert answer.choices[0].text == alone(eight, PROMPT, 4)


def test_the_next_turn_of_a_chat_reuses_the_ones_before(client: openai.OpenAI) -> None:
    first = client.completions.create(**GREEDY, prompt="LEAR. Reuse", max_tokens=5)
    longer = "LEAR. Reuse" + first.choices[0].text + " it"
    second = client.completions.create(**GREEDY, prompt=longer, max_tokens=2)
    assert first.usage is not None
    assert second.usage is not None
    assert second.usage.prompt_tokens_details is not None
    cached = second.usage.prompt_tokens_details.cached_tokens
    assert cached == first.usage.total_tokens - 1


# ---- many at once -------------------------------------------------------------------------------


def test_eight_clients_at_once_get_what_each_gets_alone(served: Served, eight: Image) -> None:
    prompts = [f"{index}. What" for index in range(8)]
    found = [""] * 8

    def ask(index: int) -> None:
        with (
            served.client() as client,
            client.completions.create(
                **GREEDY, prompt=prompts[index], max_tokens=6, stream=True
            ) as stream,
        ):
            found[index] = "".join(chunk.choices[0].text for chunk in stream)

    threads = [threading.Thread(target=ask, args=[index]) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone(eight, prompt, 6) for prompt in prompts]


KILLED = """
import json, sys, urllib.request
body = {"model": "tiny", "prompt": "a", "max_tokens": 100, "temperature": 0, "stream": True}
headers = {"Content-Type": "application/json"}
request = urllib.request.Request(sys.argv[1], json.dumps(body).encode(), headers)
for line in urllib.request.urlopen(request):
    print(line, flush=True)
"""


def test_a_client_killed_in_mid_stream_loses_no_other(short: Image) -> None:
    device = Held()
    with serving(short, device) as served, served.client() as client:
        url = f"{served.url}/v1/completions"
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE
        ) as victim:
            device.permits.release(2)
            assert victim.stdout is not None
            victim.stdout.readline()
            with client.completions.create(
                **GREEDY, prompt=PROMPT, max_tokens=9, stream=True
            ) as stream:
                victim.send_signal(signal.SIGKILL)
                device.go()
                text = "".join(chunk.choices[0].text for chunk in stream)
        assert text == alone(short, PROMPT, 9)
        eventually(lambda: served.figure("wingbeat_running_requests") == 0)
        assert 'outcome="cancelled"} 1.0' in served.metrics.text().decode()
        assert served.figure("wingbeat_generated_tokens_total") < 60


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_the_queue_gives_up_its_place(short: Image, stream: bool) -> None:
    device = Held()
    with (
        serving(short, device, queue=1) as served,
        served.client() as client,
        contextlib.ExitStack() as two,
    ):
        for _ in range(2):
            one = client.completions.create(**GREEDY, prompt="a", max_tokens=2, stream=True)
            two.enter_context(one)
        body = GREEDY | {"prompt": "b", "stream": stream}
        with (
            pytest.raises(httpx.ReadTimeout),
            httpx.stream("POST", f"{served.url}/v1/completions", json=body, timeout=0.3) as waiting,
        ):
            waiting.read()
        # the engine has not yet come to the second one, which is to have a slot
        eventually(lambda: served.figure("wingbeat_waiting_requests") == 1)
        device.go()


def test_a_full_queue_is_429(short: Image) -> None:
    device = Held()
    with serving(short, device, queue=0) as served, served.client() as client:
        with contextlib.ExitStack() as two:
            for _ in range(2):
                one = client.completions.create(**GREEDY, prompt="a", max_tokens=2, stream=True)
                two.enter_context(one)
            with refused(openai.RateLimitError) as error:
                client.completions.create(**GREEDY, prompt="b", max_tokens=2)
            device.go()
        assert error["message"].startswith("at most 0 requests may wait for one of 2 slots")
        assert error["code"] == "queue_full"
        assert int(error["headers"]["retry-after"]) >= 1
        # OpenAI's client tries again by itself, as the header says
        patient = client.with_options(max_retries=5)
        assert patient.completions.create(**GREEDY, prompt="b", max_tokens=2).choices[0].text


# ---- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "message"), [
    ({"n": 2}, "`n` must be 1 or left out: a request has one answer"),
    ({"logprobs": 1}, "`logprobs` must be false or left out: probabilities stay on the device"),
    ({"logprobs": 0}, "`logprobs` must be false or left out"),
    ({"echo": True}, "`echo` must be false or left out"),
    ({"presence_penalty": 0.5}, "`presence_penalty` must be 0 or left out"),
    ({"logit_bias": {"5": 1}}, "`logit_bias` must be {} or left out"),
    ({"extra_body": {"foo": 1}}, "`foo` is no option of this server"),
    ({"extra_body": {"top_k": 65}}, "top-k must be 1 to 64, not 65"),
    ({"temperature": -1}, "temperature must be finite and at least 0, not -1.0"),
    ({"top_p": 0}, "top-p must be above 0 and at most 1, not 0.0"),
    ({"seed": -1}, "seed must be at least 0, not -1"),
    ({"stop": [""]}, "a stop string must have 1 to 256 characters, not 0"),
    ({"max_tokens": 0}, "max-tokens must be at least 1, not 0"),
    ({"max_tokens": "many"}, "`max_tokens` is wrong: input should be a valid integer"),
    ({"prompt": ["a", "b"]}, "`prompt` must be one text, not 2"),
    ({"prompt": [600]}, "a token id must be 0 to 511, not 600"),
    ({"prompt": ""}, "a prompt must have at least one token"),
    ({"prompt": "a " * 200}, "must leave room within the context of 128"),
    ({"prompt": None}, "`prompt` is wrong: field required"),
])  # fmt: skip
def test_what_cannot_be_served_is_one_sentence(
    client: openai.OpenAI, options: dict[str, Any], message: str
) -> None:
    with refused(openai.BadRequestError) as error:
        client.completions.create(**(GREEDY | {"prompt": "a", "max_tokens": 2} | options))
    assert message in error["message"]
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(("options", "message"), [
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "`tools` must be [] or left"),
    ({"response_format": {"type": "json_object"}}, "`response_format` must be"),
    ({"messages": []}, "a conversation must have at least one message, not 0"),
    ({"messages": [{"role": "clown", "content": "a"}]}, "the role of message 1 must be one of"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
     "message 1 must be text, not `image_url`"),
    ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "message 1 must be text"),
])  # fmt: skip
def test_what_no_chat_can_have_is_one_sentence(
    client: openai.OpenAI, options: dict[str, Any], message: str
) -> None:
    with refused(openai.BadRequestError) as error:
        client.chat.completions.create(**(GREEDY | {"messages": HI} | options))
    assert message in error["message"]


def test_options_that_ask_for_nothing_are_taken(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        **GREEDY, messages=HI, max_tokens=2, n=1, presence_penalty=0, logprobs=False, tools=[],
        user="me", response_format={"type": "text"}, stop=None,
    )  # fmt: skip
    assert answer.choices[0].message.content


def test_another_model_is_404(client: openai.OpenAI) -> None:
    with refused(openai.NotFoundError) as error:
        client.completions.create(model="gpt-9", prompt="a")
    assert error["message"] == "`model` must be `tiny`, not `gpt-9`"
    assert error["code"] == "model_not_found"
    with refused(openai.NotFoundError):
        client.models.retrieve("gpt-9")


def test_a_device_error_is_an_error_of_the_client_that_had_it(short: Image) -> None:
    with serving(short, Faulty(3, 12)) as served, served.client() as client:
        options: dict[str, Any] = GREEDY | {"prompt": PROMPT, "max_tokens": 8}
        with (
            pytest.raises(openai.APIError, match="the device caught fire"),
            client.completions.create(**options, stream=True) as stream,
        ):
            list(stream)
        assert client.completions.create(**options).choices[0].text == alone(short, PROMPT, 8)
        with refused(openai.InternalServerError) as error:
            client.completions.create(**options)
        assert error["message"] == "the device caught fire"
        assert client.completions.create(**options).choices[0].text == alone(short, PROMPT, 8)
        assert served.figure("wingbeat_device_errors_total") == 2


@pytest.mark.parametrize(("content", "status", "message"), [
    (b"{", 400, "the body must be JSON"),
    (b"[]", 400, "the body must be a JSON object, sent as application/json"),
    (b"", 400, "the body must be a JSON object, sent as application/json"),
    (b'{"model": "' + b"a" * 3000, 413, "a body must have 0 MiB at most"),
])  # fmt: skip
def test_a_body_that_is_none_is_one_sentence(
    served: Served, monkeypatch: pytest.MonkeyPatch, content: bytes, status: int, message: str
) -> None:
    monkeypatch.setattr(bounds, "MOST_BYTES", 2000)
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{served.url}/v1/completions", content=content, headers=headers)
    assert answer.status_code == status
    assert message in answer.json()["error"]["message"]


def test_a_body_that_does_not_come_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "LONGEST_BODY", 0.2)
    host, port = served.url.removeprefix("http://").split(":")
    head = f"POST /v1/completions HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=DEADLINE) as connection:
        connection.sendall(head.encode() + b'{"model"')
        assert connection.recv(12) == b"HTTP/1.1 408"


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/nowhere", 404), ("GET", "/v1/completions", 405), ("DELETE", "/v1/models", 405),
])  # fmt: skip
def test_errors_of_http_have_the_same_form(
    served: Served, method: str, path: str, status: int
) -> None:
    answer = httpx.request(method, served.url + path)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


# ---- what operators need ------------------------------------------------------------------------


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").owned_by == "wingbeat"


def test_health_and_figures(short: Image) -> None:
    with serving(short) as served, served.client() as client:
        assert httpx.get(f"{served.url}/health").json() == {"status": "ok"}
        client.completions.create(**GREEDY, prompt="a", max_tokens=3)
        text = httpx.get(f"{served.url}/metrics").text
        for line in (
            'wingbeat_requests_total{outcome="length"} 1.0',
            "wingbeat_prompt_tokens_total 1.0",
            "wingbeat_generated_tokens_total 3.0",
            "wingbeat_time_to_first_token_seconds_count 1.0",
            "wingbeat_time_between_tokens_seconds_count 2.0",
            "wingbeat_slots 2.0",
            "wingbeat_ready 1.0",
        ):
            assert line in text.splitlines()
        assert served.figure("wingbeat_device_cycles_total") == served.llm.device.cycles
        served.engine.drain()
        sick = httpx.get(f"{served.url}/health")
        assert (sick.status_code, sick.json()) == (503, {"status": "draining"})
        with refused(openai.InternalServerError) as error:
            client.completions.create(**GREEDY, prompt="a", max_tokens=3)
        assert error["code"] == "unavailable"


def test_a_stream_without_news_shows_that_it_lives(
    short: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SIGN_OF_LIFE", 0.1)
    device = Held()
    body = GREEDY | {"prompt": "a", "max_tokens": 1, "stream": True}
    with (
        serving(short, device) as served,
        httpx.stream("POST", f"{served.url}/v1/completions", json=body) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == ": still at work"
        device.go()
        assert list(lines)[-2:] == ["data: [DONE]", ""]
