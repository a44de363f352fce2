from collections.abc import Generator, Sequence

import pytest
from tests.sw.scripted import ScriptedDevice
from tests.sw.text.tokenizers import byte_level, token_bytes

from wingbeat.hw.errors import RequestError
from wingbeat.sw.statistics import Meter
from wingbeat.sw.stream import Source, Stream
from wingbeat.sw.text.answer import Answer
from wingbeat.sw.text.detokeniser import Detokeniser
from wingbeat.sw.text.stops import StopStrings

BYTE = {token: index for index, token in enumerate(token_bytes()) if len(token) == 1}
END = 2


def ids(text: str) -> list[int]:
    return [BYTE[bytes([byte])] for byte in text.encode()]


class Tokens:
    """A source that knows how far it was asked, and whether it was closed."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens = tokens
        self.asked = 0
        self.closed = False

    def __call__(self) -> Generator[int]:
        try:
            for token in self._tokens:
                self.asked += 1
                yield token
        finally:
            self.closed = True


def stream(tokens: Tokens, stop: Sequence[str] = ()) -> Stream:
    source = Source(tokens(), prompt=9, reused=4, limit="length")
    meter = Meter(ScriptedDevice(), 100.0)
    answer = Answer(frozenset([END]), Detokeniser(byte_level()), StopStrings(stop))
    return Stream(source, answer, meter)


def test_a_piece_comes_with_its_token() -> None:
    tokens = Tokens(ids("aé!"))
    pieces = stream(tokens)
    found = []
    for piece in pieces:
        found.append((piece, tokens.asked))
    assert found == [("a", 1), ("é", 3), ("!", 4)]
    assert pieces.statistics.finish == "length"
    assert pieces.statistics.generated_tokens == 4
    assert (pieces.statistics.prompt_tokens, pieces.statistics.reused_tokens) == (9, 4)


def test_an_end_token_ends_the_text_and_is_no_part_of_it() -> None:
    tokens = Tokens([*ids("ab"), END, *ids("c")])
    pieces = stream(tokens)
    assert list(pieces) == ["a", "b"]
    assert pieces.statistics.finish == "end"
    assert pieces.statistics.generated_tokens == 3
    assert (tokens.asked, tokens.closed) == (3, True)


def test_a_stop_string_ends_the_text_and_the_device() -> None:
    tokens = Tokens(ids("one--two"))
    pieces = stream(tokens, ["--"])
    assert "".join(pieces) == "one"
    assert pieces.statistics.finish == "stop"
    assert (tokens.asked, tokens.closed) == (5, True)


def test_what_was_held_back_for_a_stop_string_comes_at_the_end() -> None:
    assert list(stream(Tokens(ids("one-")), ["--"])) == ["o", "n", "e", "-"]
    assert list(stream(Tokens([*ids("one-"), END]), ["--"])) == ["o", "n", "e", "-"]


def test_half_a_character_at_the_end_is_a_replacement() -> None:
    assert list(stream(Tokens(ids("aé")[:-1]))) == ["a", "\ufffd"]


def test_half_a_character_may_complete_a_stop_string() -> None:
    assert list(stream(Tokens(ids("abé")[:-1]), ["b\ufffd"])) == ["a"]


def test_closing_early_stops_the_source() -> None:
    tokens = Tokens(ids("abc"))
    with stream(tokens) as pieces:
        assert next(pieces) == "a"
    assert (tokens.asked, tokens.closed) == (1, True)
    assert list(pieces) == []
    assert pieces.statistics.finish == "closed"
    assert pieces.statistics.generated_tokens == 1


def test_closing_before_the_first_token_is_fine() -> None:
    tokens = Tokens(ids("abc"))
    pieces = stream(tokens)
    pieces.close()
    pieces.close()
    assert tokens.asked == 0
    assert list(pieces) == []
    assert pieces.statistics.generated_tokens == 0


def test_statistics_come_at_the_end() -> None:
    pieces = stream(Tokens(ids("ab")))
    next(pieces)
    with pytest.raises(RequestError, match="after its end"):
        _ = pieces.statistics


def test_an_error_of_the_source_ends_the_stream() -> None:
    def failing() -> Generator[int]:
        yield ids("a")[0]
        raise RequestError("no more")

    answer = Answer((), Detokeniser(byte_level()), StopStrings(()))
    pieces = Stream(Source(failing(), 1, 0, "length"), answer, Meter(ScriptedDevice(), 100.0))
    assert next(pieces) == "a"
    with pytest.raises(RequestError, match="no more"):
        next(pieces)
    assert list(pieces) == []
    assert pieces.statistics.finish == "closed"
