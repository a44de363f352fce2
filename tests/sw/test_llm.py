import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.sim.runner import TINY
from tests.sw.text.tokenizers import byte_level, token_bytes

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import DeviceError, ImageError, RequestError, WingbeatError
from wingbeat.sw import LLM
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.session import Session

PROMPT = "ROMEO.\nWhat"


@pytest.fixture
def llm(tiny: Image) -> LLM:
    return LLM(tiny)


def told(llm: LLM, **options: Any) -> list[str]:
    return list(llm.stream(PROMPT, **{"max_tokens": 8, **options}))


def continued(image: Image, prompt: str, count: int) -> list[int]:
    """The tokens of a session, without text."""
    device = IsaDevice()
    device.load(image)
    return list(Session(device, image).generate(byte_level().encode(prompt).ids, count))


def spelled(tokens: Sequence[int]) -> str:
    return b"".join(token_bytes()[token] for token in tokens).decode("utf-8", "replace")


def test_pieces_joined_are_all_tokens_decoded(llm: LLM, tiny: Image) -> None:
    assert "".join(told(llm)) == spelled(continued(tiny, PROMPT, 8))


def test_pieces_come_as_tokens_arrive(llm: LLM) -> None:
    stream = llm.stream(PROMPT, max_tokens=8)
    cycles = []
    for _ in stream:
        cycles.append(llm.device.cycles)
    assert len(cycles) == 8
    assert all(a < b for a, b in itertools.pairwise(cycles))


def test_statistics_say_what_was_done(llm: LLM) -> None:
    stream = llm.stream(PROMPT, max_tokens=8)
    list(stream)
    numbers = stream.statistics
    assert numbers.finish == "length"
    assert numbers.prompt_tokens == len(byte_level().encode(PROMPT).ids)
    assert (numbers.generated_tokens, numbers.reused_tokens) == (8, 0)
    assert numbers.device_cycles == llm.device.cycles > 0
    assert numbers.clock_mhz == 250.0


def test_a_text_that_goes_on_reuses_the_one_before(llm: LLM) -> None:
    first = "".join(told(llm, max_tokens=4))
    stream = llm.stream(PROMPT + first, max_tokens=4)
    again = "".join(stream)
    # all but the last token are in the caches
    assert stream.statistics.reused_tokens == stream.statistics.prompt_tokens - 1
    assert first + again == "".join(told(llm, max_tokens=8))


def test_a_stop_string_across_tokens_ends_the_text(llm: LLM) -> None:
    pieces = told(llm)
    text = "".join(pieces)
    # from within the third piece to within the fifth
    start = len("".join(pieces[:3])) - 1
    stop = text[start : start + len(pieces[3]) + 2]
    assert text.index(stop) == start
    stream = llm.stream(PROMPT, max_tokens=8, stop=["\0", stop])
    assert "".join(stream) == text[:start]
    assert stream.statistics.finish == "stop"
    assert stream.statistics.generated_tokens == 5


def test_a_model_that_ends_its_text_is_not_asked_for_more(llm: LLM, tiny: Image) -> None:
    stream = llm.chat([{"role": "user", "content": "Hi"}], max_tokens=20)
    text = "".join(stream)
    prompt = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    tokens = continued(tiny, prompt, 20)
    end = next(index for index, token in enumerate(tokens) if token in (0, 2))
    assert text == spelled(tokens[:end])
    assert stream.statistics.finish == "end"
    assert stream.statistics.generated_tokens == end + 1
    assert stream.statistics.prompt_tokens == len(byte_level().encode(prompt).ids)


def test_the_system_message_is_part_of_a_chat(llm: LLM) -> None:
    question = {"role": "user", "content": "Hi"}
    with llm.chat([{"role": "system", "content": "Sing."}, question]) as stream:
        next(stream)
    prompt = "<|im_start|>system\nSing.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
    ids = byte_level().encode(prompt + "<|im_start|>assistant\n").ids
    assert stream.statistics.prompt_tokens == len(ids)


def test_a_model_without_a_template_does_not_chat(tiny: Image) -> None:
    text = tiny.manifest.text.model_copy(update={"chat_template": None})
    manifest = tiny.manifest.model_copy(update={"text": text})
    mute = LLM(dataclasses.replace(tiny, manifest=manifest))
    assert not mute.chats
    with pytest.raises(RequestError, match="this has none"):
        mute.chat([{"role": "user", "content": "Hi"}])


def test_the_same_seed_gives_the_same_text(llm: LLM) -> None:
    options = {"temperature": 1.0, "max_tokens": 5}
    assert told(llm, **options, seed=1) == told(llm, **options, seed=1)
    assert told(llm, **options, seed=1) != told(llm, **options, seed=2)


def test_sampling_among_one_is_greedy(llm: LLM) -> None:
    greedy = told(llm, max_tokens=6)
    assert told(llm, temperature=1e-9, top_k=5, seed=3, max_tokens=6) == greedy


def test_sampled_tokens_are_among_the_best(llm: LLM, tiny: Image) -> None:
    text = "".join(told(llm, temperature=5.0, top_k=2, seed=9, max_tokens=6))
    device = IsaDevice()
    device.load(tiny)
    ids = byte_level().encode(PROMPT).ids
    rest = text
    for row in range(6):
        logits = Session(device, tiny).logits(ids)
        best = sorted(range(512), key=lambda token: (-logits[token], token))[:2]
        fitting = [token for token in best if rest.startswith(spelled([token]))]
        assert fitting, f"token {row}"
        ids.append(max(fitting, key=lambda token: len(token_bytes()[token])))
        rest = rest[len(spelled(ids[-1:])) :]


def test_a_full_context_ends_the_text(short: Image) -> None:
    llm = LLM(short)
    stream = llm.stream("a " * 56, max_tokens=256)
    list(stream)
    numbers = stream.statistics
    assert numbers.finish == "context"
    assert numbers.prompt_tokens + numbers.generated_tokens == 64
    exactly = llm.stream("a " * 56, max_tokens=64 - numbers.prompt_tokens)
    list(exactly)
    assert exactly.statistics.finish == "length"


@pytest.mark.parametrize(("prompt", "options", "reason"), [
    ("a " * 64, {}, "must leave room within the context of 64"),
    ("a " * 64, {"temperature": 1.0}, "must leave room within the context of 64"),
    ("", {}, "at least one token"),
    ("a", {"max_tokens": 0}, "max-tokens must be at least 1, not 0"),
    ("a", {"max_tokens": -3}, "not -3"),
    ("a", {"temperature": -1.0}, "temperature must be"),
    ("a", {"top_k": 0}, "top-k must be"),
    ("a", {"stop": [""]}, "a stop string must have"),
    ("a\ud800", {}, "lone surrogate"),
])  # fmt: skip
def test_what_cannot_be_served_is_one_sentence_at_once(
    short: Image, prompt: str, options: dict[str, Any], reason: str
) -> None:
    llm = LLM(short)
    with pytest.raises(RequestError, match=reason) as caught:
        llm.stream(prompt, **options)
    assert "\n" not in str(caught.value)
    assert len(list(llm.stream("a", max_tokens=1))) == 1


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_stream_closed_early_leaves_the_model_usable(llm: LLM, temperature: float) -> None:
    wanted = told(llm, max_tokens=3)
    with llm.stream("The king", max_tokens=400, temperature=temperature) as stream:
        next(stream)
    assert stream.statistics.finish == "closed"
    assert told(llm, max_tokens=3) == wanted


def test_streams_take_turns(llm: LLM) -> None:
    first = llm.stream(PROMPT, max_tokens=9)
    next(first)
    with pytest.raises(RequestError, match="must end, or be closed"):
        llm.stream("The king")
    first.close()
    list(llm.stream("The king", max_tokens=2))


def test_two_models_stream_at_once(tiny: Image, short: Image) -> None:
    wanted = told(LLM(tiny), max_tokens=5), told(LLM(short), max_tokens=5)
    first, second = (LLM(image).stream(PROMPT, max_tokens=5) for image in (tiny, short))
    found: tuple[list[str], list[str]] = ([], [])
    for a, b in zip(first, second, strict=True):
        found[0].append(a)
        found[1].append(b)
    assert found == wanted


def test_a_prompt_reports_its_progress(llm: LLM) -> None:
    seen: list[tuple[int, int]] = []
    with llm.stream("a " * 60, progress=lambda *done: seen.append(done)) as stream:
        next(stream)
    total = stream.statistics.prompt_tokens
    assert seen[0] == (32, total)


def test_closing_gives_up_the_device(tiny: Image) -> None:
    with LLM(tiny) as llm:
        device = llm.device
    with pytest.raises(DeviceError, match="none is loaded"):
        _ = device.cycles


def test_an_open_device_is_taken(tiny: Image) -> None:
    device = IsaDevice()
    assert LLM(tiny, device).device is device


def test_a_model_file_is_compiled_for_many_slots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with LLM(TINY, board="sim4", context=64, slots=3) as llm:
        assert len(llm.sessions) == 3


@pytest.mark.parametrize("by_name", [True, False])
def test_a_recovered_model_tells_the_same(short: Image, by_name: bool) -> None:
    device = "isa" if by_name else IsaDevice()
    with LLM(short, device) as llm:
        wanted = told(llm)
        first = llm.device
        llm.recover()
        assert (llm.device is first) is not by_name
        assert llm.session.reusable([5, 6]) == 0
        assert told(llm) == wanted


def test_an_unknown_device_is_known_before_the_model_is_read() -> None:
    with pytest.raises(DeviceError, match="not `gpu`"):
        LLM("no such file", "gpu")


def test_a_tokenizer_of_garbage_is_an_image_error(tiny: Image) -> None:
    with pytest.raises(ImageError, match="sound tokenizer"):
        LLM(dataclasses.replace(tiny, tokenizer="{}"))


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WingbeatError, match="No such file"):
        LLM(tmp_path / "no.gguf")
