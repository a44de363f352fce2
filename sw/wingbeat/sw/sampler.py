"""Choosing a token among candidates: temperature, top-k, top-p.

Pure functions of the candidates and of a generator of random numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wingbeat.hw.errors import RequestError
from wingbeat.sw.candidates import MOST_CANDIDATES, Candidates


@dataclass(frozen=True)
class Sampling:
    """How a token is chosen.

    Attributes
    ----------
    temperature : 0 takes the best token; 1 the model's own distribution; more flattens it
    top_k : candidates to choose among, 1 to 64
    top_p : of these, the fewest whose probabilities reach this sum; above 0, at most 1
    seed : makes a choice reproducible; None takes a new one each time

    Raises
    ------
    RequestError
        If a value is out of its range.
    """

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise RequestError(f"temperature must be finite and at least 0, not {self.temperature}")
        if not 1 <= self.top_k <= MOST_CANDIDATES:
            raise RequestError(f"top-k must be 1 to {MOST_CANDIDATES}, not {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise RequestError(f"top-p must be above 0 and at most 1, not {self.top_p}")
        if self.seed is not None and self.seed < 0:
            raise RequestError(f"seed must be at least 0, not {self.seed}")

    @property
    def greedy(self) -> bool:
        """Whether the best token is taken each time, which the device does by itself."""
        return self.temperature == 0 or self.top_k == 1

    def generator(self) -> np.random.Generator:
        """Return the random numbers of one text."""
        return np.random.default_rng(self.seed)


def probabilities(candidates: Candidates, sampling: Sampling) -> npt.NDArray[np.float64]:
    """Return the probability of each candidate, float64 (k,): 0 for those that are cut off."""
    logits = candidates.logits.astype(np.float64)
    if sampling.greedy:
        return np.where(np.arange(len(logits)) == 0, 1.0, 0.0)
    with np.errstate(over="ignore"):
        # at a tiny temperature the distances to the best overflow: their weights are 0 all the same
        weights = np.exp((logits - logits[0]) / sampling.temperature)
    weights[sampling.top_k :] = 0
    weights /= weights.sum()
    # a candidate stays when those before it have not yet reached top-p: the first always does
    before = np.cumsum(weights) - weights
    weights[1:][before[1:] >= sampling.top_p] = 0
    shares: npt.NDArray[np.float64] = weights / weights.sum()
    return shares


def choose(candidates: Candidates, sampling: Sampling, generator: np.random.Generator) -> int:
    """Return the id of the chosen token; draws one random number."""
    shares = np.cumsum(probabilities(candidates, sampling))
    # the last sum may round to less than 1: what is drawn beyond it goes to the last candidate kept
    place = int(np.searchsorted(shares, generator.random() * shares[-1], side="right"))
    return int(candidates.ids[place])
