import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compiler.frontend.gguf_builder import BYTES, sentencepiece_metadata

from wingbeat.compiler.frontend import sentencepiece
from wingbeat.compiler.frontend.tokenizer import build_tokenizer
from wingbeat.hw.errors import ModelError

START = 2 + len(BYTES)


def greedy(text: str, pieces: list[str]) -> list[int]:
    """The definition, slowly: join the best-scored pair, the leftmost first, until none is left."""
    rank = {piece: index for index, piece in enumerate(pieces)}
    parts = list(text)
    while True:
        pairs = [
            (rank[parts[at] + parts[at + 1]], at)
            for at in range(len(parts) - 1)
            if parts[at] + parts[at + 1] in rank
        ]
        if not pairs:
            break
        _, at = min(pairs)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return [
        token
        for part in parts
        for token in (
            [START + rank[part]] if part in rank else [2 + byte for byte in part.encode()]
        )
    ]


ALPHABET = ["▁", "a", "b", "é"]


@st.composite
def vocabularies(draw: st.DrawFn) -> list[str]:
    """Pieces as training makes them: each joins two that are there already."""
    pieces = list(ALPHABET)
    for _ in range(draw(st.integers(1, 12))):
        piece = draw(st.sampled_from(pieces)) + draw(st.sampled_from(pieces))
        if piece not in pieces and len(piece) < 8:
            pieces.append(piece)
    return pieces[len(ALPHABET) :] + ALPHABET


@settings(max_examples=200)
@given(vocabularies(), st.text(alphabet=" abé\n漢", max_size=20), st.booleans())
def test_equals_the_definition(pieces: list[str], text: str, prefix: bool) -> None:
    tokenizer = build_tokenizer(sentencepiece_metadata(pieces, prefix))
    escaped = ("▁" if prefix and text else "") + text.replace(" ", "▁")
    ids = tokenizer.encode(text).ids
    assert ids == greedy(escaped, pieces)
    assert tokenizer.decode(ids) == text


def test_control_tokens() -> None:
    tokenizer = build_tokenizer(sentencepiece_metadata(["▁a", "▁", "a"]))
    assert tokenizer.encode("<s>a</s>").ids == [0, START, 1]


def test_refuses_a_missing_byte() -> None:
    changed = sentencepiece_metadata(["a"])
    changed["tokenizer.ggml.token_type"] = np.array(
        [3, 3] + [6] * 10 + [1] + [6] * 245 + [1], np.int32
    )
    with pytest.raises(ModelError, match="byte token `<0x0A>` must be in a SentencePiece vocab"):
        build_tokenizer(changed)


def test_refuses_equal_scores() -> None:
    changed = sentencepiece_metadata(["ab", "ba", "a", "b"])
    changed["tokenizer.ggml.scores"] = np.zeros(START + 4, np.float32)
    with pytest.raises(ModelError, match="must have different scores, and `ba` shares 0"):
        build_tokenizer(changed)


def test_refuses_missing_scores() -> None:
    changed = sentencepiece_metadata(["a"])
    del changed["tokenizer.ggml.scores"]
    rule = f"`tokenizer.ggml.scores` must be an array of {START + 1} floating values, and is missin"
    with pytest.raises(ModelError, match=re.escape(rule)):
        build_tokenizer(changed)


def test_refuses_work_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = ["a" * length for length in range(1, 11)]
    monkeypatch.setattr(sentencepiece, "MAX_MERGES", 20)
    with pytest.raises(ModelError, match="a vocabulary must give 20 merges at most, and gives mo"):
        build_tokenizer(sentencepiece_metadata(pieces))
    monkeypatch.setattr(sentencepiece, "MAX_CUTTING", 384)
    with pytest.raises(ModelError, match="tokens must add up to 384 at most, not 385"):
        build_tokenizer(sentencepiece_metadata(pieces))
