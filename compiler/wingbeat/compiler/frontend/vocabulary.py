"""The vocabulary of a model file: token texts, what kind each is, and which ids mean something."""

from __future__ import annotations

import dataclasses

import numpy as np
from gguf.constants import TokenType

from wingbeat.compiler.frontend.metadata import Metadata, flag, integer, numbers, strings, text
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.hw.errors import ModelError

MAX_TOKENS = 1 << 20
"""Tokens of a vocabulary; the largest in use have 262,144."""

MAX_TOKEN = 1024
"""Characters of a token; the longest in use are runs of 256 spaces."""

MAX_ADDED = 1 << 20
"""Characters of all tokens that are found as whole texts: they go into one search automaton."""

_WHOLE = (TokenType.UNKNOWN, TokenType.CONTROL, TokenType.USER_DEFINED)

_ADD_BOS = "tokenizer.ggml.add_bos_token"


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Tokens by id.

    Attributes
    ----------
    tokens : text of each token, all different
    kinds : GGUF's type of each token, `gguf.TokenType`
    """

    tokens: tuple[str, ...]
    kinds: tuple[TokenType, ...]

    def ids(self) -> dict[str, int]:
        """Return the id of each text."""
        return {token: index for index, token in enumerate(self.tokens)}

    def whole(self) -> list[tuple[str, bool]]:
        """Return the tokens found in text as a whole, before anything is merged.

        Returns
        -------
        pairs of text and whether the token is special: steers the model and is no text
        """
        return [
            (token, kind != TokenType.USER_DEFINED)
            for token, kind in zip(self.tokens, self.kinds, strict=True)
            if kind in _WHOLE
        ]


@dataclasses.dataclass(frozen=True)
class SpecialTokens:
    """What the ids of a vocabulary mean to whoever generates text.

    Attributes
    ----------
    bos : id that begins a text, if the model has one
    ends : ids that end generation: end of sequence, of turn and of message, as far as named
    add_bos : a prompt must begin with `bos`
    chat_template : Jinja source that makes a prompt of a conversation, if the file has one
    """

    bos: int | None
    ends: tuple[int, ...]
    add_bos: bool
    chat_template: str | None


def read_vocabulary(metadata: Metadata) -> Vocabulary:
    """Read the tokens of a model file.

    Raises
    ------
    ModelError
        When the vocabulary is missing, empty or too large, a token is empty, too long or occurs
        twice, or the types are not one known type a token.
    """
    tokens = strings(metadata, "tokenizer.ggml.tokens")
    if not 1 <= len(tokens) <= MAX_TOKENS:
        raise ModelError(f"a vocabulary must have 1 to {MAX_TOKENS} tokens, not {len(tokens)}")
    seen: set[str] = set()
    for index, token in enumerate(tokens):
        if not 1 <= len(token) <= MAX_TOKEN:
            raise ModelError(
                f"token {index} must have 1 to {MAX_TOKEN} characters, not {len(token)}"
            )
        if token in seen:
            raise ModelError(f"token {quoted(token)} must occur once, and id {index} repeats it")
        seen.add(token)
    vocabulary = Vocabulary(tokens, _kinds(metadata, len(tokens)))
    added = sum(len(token) for token, _ in vocabulary.whole())
    if added > MAX_ADDED:
        raise ModelError(
            f"control and user-defined tokens must have {MAX_ADDED} characters together at most, "
            f"not {added}"
        )
    return vocabulary


def read_special_tokens(metadata: Metadata) -> SpecialTokens:
    """Read the ids that steer generation, and the chat template.

    Raises
    ------
    ModelError
        When an id is outside the vocabulary, or a begin token must be added and is not named.
    """
    count = len(strings(metadata, "tokenizer.ggml.tokens"))
    bos = _id(metadata, "bos", count)
    ends = [_id(metadata, name, count) for name in ("eos", "eot", "eom")]
    # llama.cpp's defaults, which files rely on
    default = bos is not None and (
        text(metadata, "tokenizer.ggml.model", default="") == "llama"
        or text(metadata, "tokenizer.ggml.pre", default="") == "llama-bpe"
    )
    add_bos = flag(metadata, _ADD_BOS, default)
    if add_bos and bos is None:
        raise ModelError(f"metadata `{_ADD_BOS}` must be false where no `bos_token_id` is given")
    template = "tokenizer.chat_template"
    return SpecialTokens(
        bos=bos,
        ends=tuple(dict.fromkeys(end for end in ends if end is not None)),
        add_bos=add_bos,
        chat_template=text(metadata, template) if template in metadata else None,
    )


def _id(metadata: Metadata, name: str, count: int) -> int | None:
    key = f"tokenizer.ggml.{name}_token_id"
    return integer(metadata, key, 0, count - 1) if key in metadata else None


def _kinds(metadata: Metadata, count: int) -> tuple[TokenType, ...]:
    key = "tokenizer.ggml.token_type"
    if key not in metadata:
        return (TokenType.NORMAL,) * count
    by_number = {int(kind): kind for kind in TokenType}
    values = numbers(metadata, key, np.integer, count).tolist()
    unknown = set(values) - set(by_number)
    if unknown:
        raise ModelError(
            f"every value of metadata `{key}` must be 1 to {len(by_number)}, not {unknown.pop()}"
        )
    return tuple(by_number[value] for value in values)
