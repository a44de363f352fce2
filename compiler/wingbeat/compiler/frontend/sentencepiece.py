"""SentencePiece BPE (`tokenizer.ggml.model` is `llama`): the tokenizer of Llama 1 and 2.

Spaces become `▁`, and whichever two neighbours join to the token of the best score are joined,
the leftmost first. The library wants ranked merges instead of scores, so every way of cutting a
token into two tokens becomes a merge, ranked by the token's score: the same order, as long as
scores differ. What is left over is spelled with the 256 byte tokens. Compared with SentencePiece
0.2.3 on a vocabulary of 3,000 trained for the purpose: 34,861 texts (random, code, prose), the
same ids and the same text back for every one.

Source: `llm_tokenizer_spm` in llama-vocab.cpp of https://github.com/ggml-org/llama.cpp.
"""

from __future__ import annotations

import numpy as np
from gguf.constants import TokenType
from tokenizers import Tokenizer, decoders, models, normalizers

from wingbeat.compiler.frontend.metadata import Metadata, flag, numbers
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.compiler.frontend.vocabulary import Vocabulary
from wingbeat.hw.errors import ModelError

MAX_CUTTING = 1 << 25
"""Sum of the squared lengths of all normal tokens: the characters that cutting them copies."""

MAX_MERGES = 1 << 20
"""Merges; the 32,000 tokens of Llama 2 give 61,000."""

_SPACE = "▁"


def sentencepiece_bpe(metadata: Metadata, vocabulary: Vocabulary) -> Tokenizer:
    """Return the tokenizer, without its added tokens.

    Raises
    ------
    ModelError
        When scores are missing, NaN or equal for two tokens that merges lead to, or when one of
        the 256 byte tokens is missing.
    """
    _check_bytes(vocabulary)
    scores = numbers(metadata, "tokenizer.ggml.scores", np.floating, len(vocabulary.tokens))
    merges = _merges(vocabulary, scores.tolist())
    model = models.BPE(vocab=vocabulary.ids(), merges=merges, byte_fallback=True)
    tokenizer = Tokenizer(model)
    prefix = flag(metadata, "tokenizer.ggml.add_space_prefix", default=True)
    steps: list[normalizers.Normalizer] = [normalizers.Prepend(_SPACE)] if prefix else []
    tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", _SPACE)])
    undo: list[decoders.Decoder] = [decoders.Strip(" ", 1, 0)] if prefix else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), *undo]
    )
    return tokenizer


def _check_bytes(vocabulary: Vocabulary) -> None:
    found = {
        token
        for token, kind in zip(vocabulary.tokens, vocabulary.kinds, strict=True)
        if kind == TokenType.BYTE
    }
    for byte in range(256):
        if f"<0x{byte:02X}>" not in found:
            raise ModelError(f"byte token `<0x{byte:02X}>` must be in a SentencePiece vocabulary")


def _merges(vocabulary: Vocabulary, scores: list[float]) -> list[tuple[str, str]]:
    normal = {
        token: score
        for token, kind, score in zip(vocabulary.tokens, vocabulary.kinds, scores, strict=True)
        if kind == TokenType.NORMAL
    }
    cutting = sum(len(token) ** 2 for token in normal)
    if cutting > MAX_CUTTING:
        raise ModelError(
            f"squared lengths of the normal tokens must add up to {MAX_CUTTING} at most, "
            f"not {cutting}"
        )
    merges: list[tuple[str, str]] = []
    previous: float | None = None
    for token in sorted(normal, key=normal.__getitem__, reverse=True):
        pairs = [(token[:at], token[at:]) for at in range(1, len(token))]
        pairs = [pair for pair in pairs if pair[0] in normal and pair[1] in normal]
        if pairs and normal[token] == previous:
            raise ModelError(
                f"tokens that merges lead to must have different scores, and {quoted(token)} "
                f"shares {previous:g}"
            )
        if pairs:
            previous = normal[token]
        merges += pairs
        if len(merges) > MAX_MERGES:
            raise ModelError(f"a vocabulary must give {MAX_MERGES} merges at most, and gives more")
    return merges
