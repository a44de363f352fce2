import codecs
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sw.text.tokenizers import byte_fallback, byte_level, token_bytes
from tokenizers import Tokenizer

from wingbeat.sw.text.detokeniser import Detokeniser

IDS = st.lists(st.integers(0, 511), max_size=24)
BYTE = {token: index for index, token in enumerate(token_bytes()) if len(token) == 1}


def pieces(tokenizer: Tokenizer, ids: Sequence[int], prompt: Sequence[int] = ()) -> list[str]:
    detokeniser = Detokeniser(tokenizer, prompt)
    return [*(detokeniser.push(token) for token in ids), detokeniser.flush()]


def named(token: str) -> int:
    """A token of the SentencePiece model."""
    found = byte_fallback().token_to_id(token)
    assert found is not None
    return found


def spelled(text: str) -> list[int]:
    """A text with one token for each byte of it."""
    return [BYTE[bytes([byte])] for byte in text.encode()]


def test_a_character_comes_with_its_last_byte() -> None:
    assert pieces(byte_level(), spelled("a€😀é")) == [
        "a", "", "", "€", "", "", "", "😀", "", "é", "",
    ]  # fmt: skip


@given(st.text(st.characters(codec="utf-8", exclude_characters="\ufffd"), max_size=12))
def test_pieces_are_what_an_incremental_decoder_gives(text: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    wanted = [decoder.decode(bytes([byte])) for byte in text.encode()]
    assert pieces(byte_level(), spelled(text)) == [*wanted, ""]


@given(IDS)
def test_pieces_joined_are_the_bytes_of_all_tokens(ids: list[int]) -> None:
    wanted = b"".join(token_bytes()[token] for token in ids).decode("utf-8", "replace")
    assert "".join(pieces(byte_level(), ids)) == wanted


@given(IDS, IDS)
def test_what_a_prompt_ends_with_changes_no_byte_level_text(
    prompt: list[int], ids: list[int]
) -> None:
    tail = b"".join(token_bytes()[token] for token in prompt)
    try:
        tail.decode()
    except UnicodeDecodeError:
        return  # a half character in the prompt joins the text
    wanted = b"".join(token_bytes()[token] for token in ids).decode("utf-8", "replace")
    assert "".join(pieces(byte_level(), ids, prompt)) == wanted


def test_half_a_character_at_the_end_is_a_replacement() -> None:
    assert pieces(byte_level(), spelled("aé")[:-1]) == ["a", "", "\ufffd"]


def test_half_a_character_at_the_end_of_a_prompt_is_not_given_again() -> None:
    half = spelled("é")[:1]
    assert pieces(byte_level(), spelled("ab"), prompt=[*spelled("x"), *half]) == ["a", "b", ""]


def test_a_flush_gives_nothing_twice() -> None:
    detokeniser = Detokeniser(byte_level())
    detokeniser.push(spelled("é")[0])
    assert (detokeniser.flush(), detokeniser.flush()) == ("\ufffd", "")


def test_control_tokens_are_no_text() -> None:
    assert pieces(byte_level(), [0, *spelled("a"), 1, 2]) == ["", "a", "", "", ""]


def test_the_space_of_a_word_stays_when_the_text_goes_on() -> None:
    tokenizer = byte_fallback()
    the, wir = named("▁the"), named("▁wir")
    assert "".join(pieces(tokenizer, [the, wir])) == "the wir"
    assert "".join(pieces(tokenizer, [wir], prompt=[the])) == " wir"
    assert "".join(pieces(tokenizer, [wir], prompt=[0, *[the] * 20])) == " wir"


@pytest.mark.parametrize("text", ["é", "😀", "a€b"])
def test_bytes_of_a_sentencepiece_model_are_joined(text: str) -> None:
    ids = [1 + byte for byte in text.encode()]
    found = pieces(byte_fallback(), ids)
    assert "".join(found) == text
    assert "\ufffd" not in found


@given(st.lists(st.sampled_from(["é", "a", "😀", "▁the", "re", "▁wir", "<s>"]), max_size=12))
def test_sentencepiece_pieces_joined_are_the_text(parts: list[str]) -> None:
    tokenizer = byte_fallback()
    ids: list[int] = []
    for part in parts:
        token = tokenizer.token_to_id(part) if len(part) > 1 else None
        ids += [1 + byte for byte in part.encode()] if token is None else [token]
    wanted = "".join(parts).replace("<s>", "").replace("▁", " ").removeprefix(" ")
    assert "".join(pieces(tokenizer, ids)) == wanted


WORDS = {"▁the": " the", "re": "re", "▁wir": " wir"}
MIXED = st.lists(
    st.sampled_from(list(WORDS)) | st.integers(0x80, 0xFF) | st.sampled_from([0xC3, 0xA9]),
    max_size=16,
)


@given(MIXED, MIXED)
def test_bytes_that_are_no_characters_lose_no_words(
    prompt: list[str | int], parts: list[str | int]
) -> None:
    tokenizer = byte_fallback()

    def ids(mixed: list[str | int]) -> list[int]:
        return [1 + p if isinstance(p, int) else named(p) for p in mixed]

    text = "".join(pieces(tokenizer, ids(parts), ids(["re", *prompt, "re"])))
    words = "".join(WORDS[part] for part in parts if isinstance(part, str))
    assert "".join(letter for letter in text if letter < "\x80") == words


def test_a_wrong_byte_changes_nothing_given_before() -> None:
    tokenizer = byte_fallback()
    ids = [1 + byte for byte in "é".encode()]
    the = named("▁the")
    assert pieces(tokenizer, [*ids, 1 + 0x80, the]) == ["", "é", "", "\ufffd the", ""]
    assert pieces(tokenizer, [*ids, 1 + 0x80]) == ["", "é", "", "\ufffd"]
