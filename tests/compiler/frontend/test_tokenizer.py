import re
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.compiler.frontend.gguf_builder import KINDS, MERGES, TOKENS
from tokenizers import pre_tokenizers

from wingbeat.compiler.frontend.metadata import MetadataValue
from wingbeat.compiler.frontend.pre_tokenizers import pre_tokenizer
from wingbeat.compiler.frontend.tokenizer import build_tokenizer
from wingbeat.compiler.frontend.vocabulary import SpecialTokens, read_special_tokens
from wingbeat.hw.errors import ModelError

SMALL: dict[str, MetadataValue] = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": tuple(TOKENS),
    "tokenizer.ggml.token_type": np.array(KINDS, np.int32),
    "tokenizer.ggml.merges": tuple(MERGES),
    "tokenizer.ggml.bos_token_id": 0,
    "tokenizer.ggml.eos_token_id": 1,
}


def changed(changes: Mapping[str, MetadataValue | None]) -> dict[str, MetadataValue]:
    """Metadata of a sound tokenizer with some keys changed; None takes one away."""
    merged = {**SMALL, **{f"tokenizer.{key}": value for key, value in changes.items()}}
    return {key: value for key, value in merged.items() if value is not None}


def test_ids_are_those_of_the_file() -> None:
    tokenizer = build_tokenizer(SMALL)
    assert tokenizer.get_vocab_size() == len(TOKENS)
    assert [tokenizer.token_to_id(token) for token in TOKENS] == list(range(len(TOKENS)))


def test_merges_and_added_tokens() -> None:
    tokenizer = build_tokenizer(SMALL)
    text = "<s>abc ab<extra>a</s>"
    ids = [TOKENS.index(token) for token in ("<s>", "abc", "Ġab", "<extra>", "a", "</s>")]
    assert tokenizer.encode(text).ids == ids
    assert tokenizer.decode(ids) == "abc ab<extra>a"
    assert tokenizer.decode(ids, skip_special_tokens=False) == text


def test_without_kinds_every_token_is_normal() -> None:
    tokenizer = build_tokenizer(changed({"ggml.token_type": None}))
    assert tokenizer.get_added_tokens_decoder() == {}


def test_strangers_cannot_write_control_tokens() -> None:
    tokenizer = build_tokenizer(SMALL)
    tokenizer.encode_special_tokens = True
    assert 0 not in tokenizer.encode("<s>abc").ids


def test_words_that_are_tokens_need_no_merges_in_llama_3() -> None:
    changes: dict[str, MetadataValue] = {"ggml.merges": (), "ggml.pre": "llama-bpe"}
    assert build_tokenizer(changed(changes)).encode("abc").ids == [TOKENS.index("abc")]
    changes["ggml.pre"] = "gpt-2"
    assert build_tokenizer(changed(changes)).encode("abc").ids == [3, 4, 5]


@given(st.text(alphabet="ab Z19½²٣'s\n\r\té漢.,-👍\u00a0\u2003"))
def test_rules_equal_those_of_the_library(text: str) -> None:
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Digits(individual_digits=True)
    smollm = pre_tokenizers.Sequence([digits, byte_level])
    assert pre_tokenizer("gpt-2").pre_tokenize_str(text) == byte_level.pre_tokenize_str(text)
    assert pre_tokenizer("smollm").pre_tokenize_str(text) == smollm.pre_tokenize_str(text)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("llama-bpe", ["I", "'LL", "Ġpay", "Ġ", "123", "45", ".ĊĊ", "Ġ", "Ġok"]),
        ("qwen2", ["I", "'LL", "Ġpay", "Ġ", "1", "2", "3", "4", "5", ".ĊĊ", "Ġ", "Ġok"]),
        ("default", ["I", "'", "LL", "Ġpay", "Ġ", "123", "45", ".", "ĊĊĠ", "Ġok"]),
    ],
)
def test_rules_of_llama_3_qwen_2_and_default(rule: str, words: list[str]) -> None:
    cut = pre_tokenizer(rule).pre_tokenize_str("I'LL pay 12345.\n\n  ok")
    assert [word for word, _ in cut] == words


def test_special_tokens() -> None:
    assert read_special_tokens(SMALL) == SpecialTokens(0, (1,), False, None)
    changes: dict[str, MetadataValue] = {
        "ggml.eot_token_id": 2,
        "ggml.eom_token_id": 1,
        "ggml.add_bos_token": True,
        "chat_template": "{{ x }}",
    }
    assert read_special_tokens(changed(changes)) == SpecialTokens(0, (1, 2), True, "{{ x }}")
    assert read_special_tokens(changed({"ggml.pre": "llama-bpe"})).add_bos
    assert read_special_tokens(changed({"ggml.model": "llama"})).add_bos
    assert read_special_tokens(changed({"ggml.bos_token_id": None})).bos is None


TWELVE = np.ones(12, np.int32)

REFUSED: dict[str, tuple[dict[str, MetadataValue | None], str]] = {
    "no model": (
        {"ggml.model": None},
        "metadata `tokenizer.ggml.model` must be a string, and is missing",
    ),
    "other model": (
        {"ggml.model": "bert"},
        "metadata `tokenizer.ggml.model` must be gpt2 or llama, not `bert`",
    ),
    "other rule": (
        {"ggml.pre": "tekken"},
        "metadata `tokenizer.ggml.pre` must be one of default, gpt-2, llama-bpe, qwen2, smollm, "
        "not `tekken`",
    ),
    "no tokens": (
        {"ggml.tokens": None},
        "metadata `tokenizer.ggml.tokens` must be an array of strings, and is missing",
    ),
    "empty vocabulary": ({"ggml.tokens": ()}, "a vocabulary must have 1 to 1048576 tokens, not 0"),
    "empty token": (
        {"ggml.tokens": ("a", "")},
        "token 1 must have 1 to 1024 characters, not 0",
    ),
    "long token": (
        {"ggml.tokens": ("a", "b" * 1025)},
        "token 1 must have 1 to 1024 characters, not 1025",
    ),
    "token twice": (
        {"ggml.tokens": ("a", "b", "a")},
        "token `a` must occur once, and id 2 repeats it",
    ),
    "kinds of another length": (
        {"ggml.token_type": TWELVE[:11]},
        "metadata `tokenizer.ggml.token_type` must be an array of 12 integer values, "
        "not an array of 11 int32 values",
    ),
    "unknown kind": (
        {"ggml.token_type": 9 * TWELVE},
        "every value of metadata `tokenizer.ggml.token_type` must be 1 to 6, not 9",
    ),
    "too many added": (
        {
            "ggml.tokens": tuple(f"{index:1024}" for index in range(1025)),
            "ggml.token_type": np.full(1025, 3, np.int32),
        },
        "control and user-defined tokens must have 1048576 characters together at most, "
        "not 1049600",
    ),
    "no merges": (
        {"ggml.merges": None},
        "metadata `tokenizer.ggml.merges` must be an array of strings, and is missing",
    ),
    "merge of one": (
        {"ggml.merges": ("a b", "ab")},
        "merge 1 must name two tokens that join to a third, not `ab`",
    ),
    "merge of a stranger": (
        {"ggml.merges": ("a z",)},
        "merge 0 must name two tokens that join to a third, not `a z`",
    ),
    "merge to a stranger": (
        {"ggml.merges": ("b a",)},
        "merge 0 must name two tokens that join to a third, not `b a`",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    changes, sentence = REFUSED[case]
    with pytest.raises(ModelError, match=re.escape(sentence)):
        build_tokenizer(changed(changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"ggml.bos_token_id": 12},
            "metadata `tokenizer.ggml.bos_token_id` must be an integer within 0..11, not 12",
        ),
        ({"ggml.eos_token_id": -1}, "must be an integer within 0..11, not -1"),
        (
            {"ggml.add_bos_token": True, "ggml.bos_token_id": None},
            "`tokenizer.ggml.add_bos_token` must be false where no `bos_token_id` is given",
        ),
        ({"chat_template": 3}, "metadata `tokenizer.chat_template` must be a string, not 3"),
        ({"ggml.add_bos_token": 1}, "must be true or false, not 1"),
    ],
)
def test_refuses_special_tokens(changes: dict[str, MetadataValue], sentence: str) -> None:
    with pytest.raises(ModelError, match=re.escape(sentence)):
        read_special_tokens(changed(changes))
