import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wingbeat.sw.candidates import Float, find_candidates


def best(logits: list[float], k: int) -> list[int]:
    """By sorting all of them in Python."""
    return sorted(range(len(logits)), key=lambda token: (-logits[token], token))[:k]


def found(logits: list[float], words: int, k: int, padding: int = 0) -> tuple[list[int], list[int]]:
    """Ids of the candidates, and the tiles that were read."""
    tiles = -(-len(logits) // words) + padding
    # padding repeats the last token's logit
    padded = np.array(logits + [logits[-1]] * (tiles * words - len(logits)), np.float32)
    read = []

    def read_tile(tile: int) -> Float:
        read.append(tile)
        return padded[tile * words : (tile + 1) * words]

    maxima = padded.reshape(tiles, words).max(axis=1)
    candidates = find_candidates(maxima, words, len(logits), k, read_tile)
    assert candidates.logits.tolist() == padded[candidates.ids].tolist()
    return candidates.ids.tolist(), read


@given(
    # few values, so that many are equal
    st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=40),
    st.sampled_from([1, 4, 16]), st.integers(1, 50), st.integers(0, 3),
)  # fmt: skip
def test_they_are_the_best_of_all_tokens(
    logits: list[float], words: int, k: int, padding: int
) -> None:
    ids, read = found(logits, words, k, padding)
    assert ids == best(logits, k)
    assert len(read) <= k


def test_of_equal_logits_the_lower_id_comes_first() -> None:
    assert found([1.0, 2.0, 2.0, 1.0, 2.0], 2, 4)[0] == [1, 2, 4, 0]


def test_padding_is_no_candidate() -> None:
    assert found([0.0, 1.0, 9.0], 4, 4, padding=3) == ([2, 1, 0], [0])


def test_a_tile_of_padding_takes_no_place() -> None:
    # the last token is the best: three tiles of its copies would hide token 0
    assert found([5.0, 0.0, 9.0], 1, 2, padding=4)[0] == [2, 0]


def test_no_more_tiles_are_read_than_needed() -> None:
    logits = [float(-token) for token in range(64)]
    assert found(logits, 16, 1) == ([0], [0])
    assert sorted(found(logits, 16, 2)[1]) == [0, 1]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_infinite_logits_are_last(k: int) -> None:
    assert found([-np.inf, 1.0, -np.inf], 1, k)[0] == [1, 0, 2][:k]
