from collections.abc import Sequence

import pytest
from tests.sw.text.tokenizers import byte_level, token_bytes

from wingbeat.sw.text.answer import Answer
from wingbeat.sw.text.detokeniser import Detokeniser
from wingbeat.sw.text.stops import StopStrings

BYTE = {token: index for index, token in enumerate(token_bytes()) if len(token) == 1}
END = 2


def ids(text: str) -> list[int]:
    return [BYTE[bytes([byte])] for byte in text.encode()]


def answer(stop: Sequence[str] = ()) -> Answer:
    return Answer([END], Detokeniser(byte_level()), StopStrings(stop))


def test_text_comes_as_it_is_certain() -> None:
    text = answer(stop=["bcd"])
    assert [text.push(token) for token in ids("abcé")] == ["a", "", "", "", "bcé"]
    assert text.finish is None


@pytest.mark.parametrize(("stop", "held"), [([], ""), (["bc"], "b")])
def test_an_end_token_ends_it_with_what_was_held_back(stop: list[str], held: str) -> None:
    text = answer(stop)
    for token in ids("ab"):
        text.push(token)
    assert text.push(END) == held
    assert text.finish == "end"


def test_a_stop_string_ends_it() -> None:
    text = answer(["bc"])
    assert [text.push(token) for token in ids("abc")] == ["a", "", ""]
    assert text.finish == "stop"


def test_the_caller_may_end_it_within_a_character() -> None:
    text = answer()
    text.push(ids("é")[0])
    assert text.end("length") == "\ufffd"
    assert text.finish == "length"
