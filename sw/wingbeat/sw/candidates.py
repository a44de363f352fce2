"""The k most likely tokens, from the maxima that the head leaves and a few tiles of logits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]

MOST_CANDIDATES = 64
"""Candidates that a host samples among, at most."""


@dataclass(frozen=True)
class Candidates:
    """Tokens by falling logit; of equal logits, the lower id first.

    Attributes
    ----------
    ids : int64 (k,)
    logits : float32 (k,)
    """

    ids: npt.NDArray[np.int64]
    logits: Float


def find_candidates(
    maxima: Float, tile_words: int, vocabulary: int, k: int, read_tile: Callable[[int], Float]
) -> Candidates:
    """Return the k best tokens after reading k tiles.

    The k best lie in the k tiles with the highest maxima: a tile outside of these has k tiles
    before it, and each of them holds a token that goes before any of its own.

    Parameters
    ----------
    maxima : float32, highest logit of each tile
    tile_words : logits of a tile
    vocabulary : tokens; what lies behind them in the last tiles is padding
    k : candidates wanted
    read_tile : returns float32 (tile_words,) of a tile
    """
    # tiles of nothing but padding repeat the last token's logit: they would take a place
    real = maxima[: -(-vocabulary // tile_words)]
    tiles = np.argsort(-real, kind="stable")[:k]
    ids = (tiles[:, None] * tile_words + np.arange(tile_words)).reshape(-1)
    logits = np.concatenate([read_tile(int(tile)) for tile in tiles])
    ids, logits = ids[ids < vocabulary], logits[ids < vocabulary]
    best = np.lexsort((ids, -logits))[:k]
    return Candidates(ids[best], logits[best])
