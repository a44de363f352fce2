"""Byte-level BPE (`tokenizer.ggml.model` is `gpt2`): GPT-2's tokenizer and those after it.

Text becomes bytes, each byte one printable character, and a ranked list of merges joins them.
"""

from __future__ import annotations

from tokenizers import Tokenizer, decoders, models

from wingbeat.compiler.frontend.metadata import Metadata, strings, text
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.compiler.frontend.pre_tokenizers import pre_tokenizer
from wingbeat.compiler.frontend.vocabulary import Vocabulary
from wingbeat.hw.errors import ModelError

_WHOLE_WORDS_FIRST = ("llama-bpe",)
"""Rules with which a word that is a token is taken as it is, without looking at the merges."""


def byte_level_bpe(metadata: Metadata, vocabulary: Vocabulary) -> Tokenizer:
    """Return the tokenizer, without its added tokens.

    Raises
    ------
    ModelError
        When the rule for words is not supported, or a merge is not made of three tokens.
    """
    ids = vocabulary.ids()
    rule = text(metadata, "tokenizer.ggml.pre", default="default")
    pre = pre_tokenizer(rule)
    merges = [
        _merge(merge, index, ids)
        for index, merge in enumerate(strings(metadata, "tokenizer.ggml.merges"))
    ]
    model = models.BPE(vocab=ids, merges=merges, ignore_merges=rule in _WHOLE_WORDS_FIRST)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _merge(merge: str, index: int, ids: dict[str, int]) -> tuple[str, str]:
    left, _, right = merge.partition(" ")
    if not (left in ids and right in ids and left + right in ids):
        raise ModelError(
            f"merge {index} must name two tokens that join to a third, not {quoted(merge)}"
        )
    return left, right
