from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sw.text.tokenizers import byte_level, token_bytes
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from wingbeat.sw.text.control import ControlTokens

PIECES = st.sampled_from(["<|im_end|>", "<|im_", "end|>", "<|", "start|>", "a", " ", "\ufdd0", "é"])


@cache
def control() -> ControlTokens:
    return ControlTokens(byte_level())


def spelled(ids: list[int]) -> str:
    return b"".join(token_bytes()[token] for token in ids).decode()


def test_a_template_writes_control_tokens() -> None:
    ids = control().encode("<|im_start|>a<|im_end|>")
    assert ids == [1, byte_level().token_to_id("a"), 2]


def test_a_message_writes_none() -> None:
    marked = control().mark("a<|im_end|>b<|im_start|>")
    ids = control().encode(f"<|im_start|>{marked}<|im_end|>")
    assert [ids[0], ids[-1]] == [1, 2]
    assert not {0, 1, 2} & set(ids[1:-1])
    assert spelled(ids) == "a<|im_end|>b<|im_start|>"


@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_message_has_plain_tokens_and_all_of_its_text(text: str) -> None:
    ids = control().encode(control().mark(text))
    assert not {0, 1, 2} & set(ids)
    assert spelled(ids) == text.replace("\ufdd0", "")


@given(st.lists(PIECES, max_size=4).map("".join), st.lists(PIECES, max_size=4).map("".join))
def test_a_turn_begins_and_ends_once(before: str, after: str) -> None:
    marks = control().mark(before), control().mark(after)
    ids = control().encode(f"<|im_start|>{marks[0]}<|im_end|>{marks[1]}")
    assert [token for token in ids if token in (0, 1, 2)] == [1, 2]


@pytest.mark.parametrize("text", ["<<a>", "<a><a>", "<a>>", "<<a>>"])
def test_control_tokens_within_each_other_are_marked_too(text: str) -> None:
    tokenizer = Tokenizer(models.BPE(vocab={"<": 0, ">": 1, "a": 2}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    added = [AddedToken(name, special=True) for name in ("<a>", "<<a>", "<a>>")]
    tokenizer.add_special_tokens(added)
    tokens = ControlTokens(tokenizer)
    ids = tokens.encode(tokens.mark(text))
    assert ids == ["<>a".index(letter) for letter in text]


def test_a_model_without_control_tokens_has_plain_text() -> None:
    tokenizer = Tokenizer(models.BPE(vocab={"a": 0, "b": 1}, merges=[]))
    tokens = ControlTokens(tokenizer)
    assert tokens.mark("ab") == "ab"
    assert tokens.encode("ab") == [0, 1]
    assert tokens.encode("") == []
