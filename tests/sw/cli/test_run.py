import json
from pathlib import Path

import pytest
from tests.sim.runner import TINY
from tests.sw.cli.terminal import wingbeat

from wingbeat.compiler.image import Image
from wingbeat.sw import LLM


@pytest.fixture(scope="module")
def wanted(short: Image) -> str:
    return "".join(LLM(short).stream("The king", max_tokens=6))


def test_a_text_goes_to_stdout_and_the_figures_to_stderr(image_file: Path, wanted: str) -> None:
    ended = wingbeat("run", image_file, "--raw", "--prompt", "The king", "--max-tokens", "6")
    assert (ended.code, ended.out) == (0, wanted + "\n")
    assert "6 generated (length)" in ended.err
    assert "at 250 MHz" in ended.err


def test_json_is_one_object_and_nothing_else(image_file: Path, wanted: str) -> None:
    words = ["--raw", "--prompt", "The king", "--max-tokens", "6", "--json"]
    ended = wingbeat("run", image_file, *words)
    found = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert (found["text"], found["chat"], found["board"]) == (wanted, False, "sim4")
    assert found["statistics"]["generated_tokens"] == 6


def test_a_model_with_a_template_chats(image_file: Path, short: Image) -> None:
    words = ["--prompt", "Hi", "--max-tokens", "5", "--system", "Sing.", "--json"]
    found = json.loads(wingbeat("run", image_file, *words).out)
    talk = [{"role": "system", "content": "Sing."}, {"role": "user", "content": "Hi"}]
    assert found["chat"]
    assert found["text"] == "".join(LLM(short).chat(talk, max_tokens=5))


def test_options_of_sampling_and_stops_are_passed_on(image_file: Path, short: Image) -> None:
    words = ["--prompt", "The", "--raw", "--temperature", "1", "--seed", "4", "--max-tokens", "9"]
    ended = wingbeat("run", image_file, *words, "--top-k", "9", "--top-p", "0.9", "--stop", "e")
    stream = LLM(short).stream(
        "The", max_tokens=9, temperature=1.0, top_k=9, top_p=0.9, seed=4, stop=["e"]
    )
    assert ended.out == "".join(stream) + "\n"


def test_a_model_file_is_compiled_and_kept(cache: Path) -> None:
    words = ["--board", "sim4", "--context", "64", "--prompt", "a", "--max-tokens", "1"]
    assert wingbeat("run", TINY, *words).code == 0
    assert list(cache.rglob("*.safetensors"))


@pytest.mark.parametrize(("words", "reason"), [
    (["--max-tokens", "0"], "max-tokens must be at least 1, not 0"),
    (["--max-tokens", "-7"], "max-tokens must be at least 1, not -7"),
    (["--device", "gpu"], "xrt:N or serial:PORT[@BAUD], not `gpu`"),
    (["--temperature", "-1"], "temperature must be finite and at least 0, not -1.0"),
    (["--temperature", "nan"], "not nan"),
    (["--top-k", "65"], "top-k must be 1 to 64, not 65"),
    (["--top-p", "0"], "top-p must be"),
    (["--seed", "-1"], "seed must be"),
    (["--stop", ""], "a stop string must have"),
    (["--raw", "--system", "Sing."], "--system must go with a chat"),
    (["--prompt", "a " * 90], "must leave room within the context of 64"),
    (["--raw", "--prompt", ""], "a prompt must have at least one token"),
])  # fmt: skip
def test_a_request_that_cannot_be_served_is_one_sentence(
    image_file: Path, words: list[str], reason: str
) -> None:
    assert reason in wingbeat("run", image_file, "--prompt", "Hi", *words).complaint


def test_an_unknown_board_is_one_sentence() -> None:
    found = wingbeat("run", TINY, "--board", "no", "--prompt", "a").complaint
    assert "`no`" in found
    assert "kv260" in found


@pytest.mark.parametrize("words", [["run"], ["run", "model"], ["no"], ["run", "m", "--max", "x"]])
def test_wrong_usage_is_code_2(words: list[str]) -> None:
    assert wingbeat(*words).code == 2
