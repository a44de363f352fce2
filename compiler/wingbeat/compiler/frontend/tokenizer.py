"""From the metadata of a model file to a tokenizer, rebuilt with the `tokenizers` library."""

from __future__ import annotations

from tokenizers import AddedToken, Tokenizer

from wingbeat.compiler.frontend.byte_level import byte_level_bpe
from wingbeat.compiler.frontend.metadata import Metadata, text
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.compiler.frontend.sentencepiece import sentencepiece_bpe
from wingbeat.compiler.frontend.vocabulary import read_vocabulary
from wingbeat.hw.errors import ModelError

_BUILDERS = {"gpt2": byte_level_bpe, "llama": sentencepiece_bpe}
"""By `tokenizer.ggml.model`."""


def build_tokenizer(metadata: Metadata) -> Tokenizer:
    """Return a tokenizer with the ids of the file, control and user-defined tokens added.

    It adds no token of its own: a begin token is for the caller, see `read_special_tokens`.
    Control tokens are found in text, as a chat template needs it; where text comes from a
    stranger, set `encode_special_tokens` on the tokenizer and they are read as plain text.

    Raises
    ------
    ModelError
        When the kind of tokenizer is not supported, or its parts do not fit together.
    """
    kind = text(metadata, "tokenizer.ggml.model")
    if kind not in _BUILDERS:
        raise ModelError(
            f"metadata `tokenizer.ggml.model` must be {' or '.join(_BUILDERS)}, not {quoted(kind)}"
        )
    vocabulary = read_vocabulary(metadata)
    tokenizer = _BUILDERS[kind](metadata, vocabulary)
    whole = [
        AddedToken(token, special=special, normalized=False)
        for token, special in vocabulary.whole()
    ]
    tokenizer.add_special_tokens([token for token in whole if token.special])
    tokenizer.add_tokens([token for token in whole if not token.special])
    return tokenizer
