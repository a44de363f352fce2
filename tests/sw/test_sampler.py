import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wingbeat.hw.errors import RequestError
from wingbeat.sw.candidates import Candidates
from wingbeat.sw.sampler import Sampling, choose, probabilities


def candidates(*logits: float) -> Candidates:
    """Ids are 100, 101 and so on."""
    return Candidates(np.arange(100, 100 + len(logits)), np.array(logits, np.float32))


def oracle(logits: list[float], temperature: float, top_k: int, top_p: float) -> list[float]:
    """One token after the other, in plain Python."""
    weights = [math.exp(logit / temperature) for logit in logits[:top_k]]
    shares = [weight / sum(weights) for weight in weights]
    kept: list[float] = []
    for share in shares:
        if sum(kept) >= top_p:
            break
        kept.append(share)
    kept = [share / sum(kept) for share in kept]
    return kept + [0.0] * (len(logits) - len(kept))


LOGITS = [3.0, 2.5, 2.0, 2.0, 1.0, 0.5, -1.0, -4.0]
WAYS = [
    (1.0, 64, 1.0),
    (0.5, 64, 1.0),
    (2.0, 64, 1.0),
    (1.0, 3, 1.0),
    (1.0, 64, 0.7),
    (1.5, 5, 0.9),
]
CHI_SQUARE = {1: 10.8, 2: 13.8, 3: 16.3, 4: 18.5, 5: 20.5, 6: 22.5, 7: 24.3}
"""Exceeded with probability 1/1000, by degrees of freedom (any table of the distribution)."""


@pytest.mark.parametrize("way", WAYS)
def test_tokens_come_as_often_as_they_should(way: tuple[float, int, float]) -> None:
    sampling = Sampling(*way, seed=11)
    generator = sampling.generator()
    draws = 2000
    chosen = [choose(candidates(*LOGITS), sampling, generator) - 100 for _ in range(draws)]
    counts = np.bincount(chosen, minlength=len(LOGITS))
    wanted = np.array(oracle(LOGITS, *way)) * draws
    possible = wanted > 0
    assert not counts[~possible].any()
    distance = ((counts - wanted)[possible] ** 2 / wanted[possible]).sum()
    assert distance < CHI_SQUARE[int(possible.sum()) - 1]


@given(
    st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=12),
    st.floats(0.2, 5.0), st.integers(2, 12), st.floats(0.05, 1.0),
)  # fmt: skip
def test_probabilities_are_those_of_the_oracle(
    logits: list[float], temperature: float, top_k: int, top_p: float
) -> None:
    logits = sorted(logits, reverse=True)
    running = np.cumsum(oracle(logits, temperature, top_k, 1.0))
    if np.abs(running - top_p).min() < 1e-9:
        return  # a matter of rounding
    found = probabilities(candidates(*logits), Sampling(temperature, top_k, top_p))
    np.testing.assert_allclose(found, oracle(logits, temperature, top_k, top_p), atol=1e-9)


def test_greedy_takes_the_first() -> None:
    for sampling in (Sampling(), Sampling(temperature=3.0, top_k=1)):
        assert sampling.greedy
        generator = sampling.generator()
        assert {choose(candidates(2.0, 2.0, 1.0), sampling, generator) for _ in range(50)} == {100}
    assert not Sampling(temperature=0.1).greedy


def test_the_same_seed_chooses_the_same() -> None:
    def draw(seed: int | None) -> list[int]:
        sampling = Sampling(temperature=1.0, seed=seed)
        generator = sampling.generator()
        return [choose(candidates(*LOGITS), sampling, generator) for _ in range(40)]

    assert draw(5) == draw(5)
    assert draw(5) != draw(6)
    assert draw(None) != draw(None)


def test_a_choice_draws_one_number() -> None:
    """So that what is cut off does not shift what comes later."""
    used, wanted = np.random.default_rng(3), np.random.default_rng(3)
    choose(candidates(*LOGITS), Sampling(temperature=1.0, top_p=0.01), used)
    wanted.random()
    assert used.random() == wanted.random()


def test_a_tiny_top_p_still_leaves_one() -> None:
    found = probabilities(candidates(1.0, 1.0), Sampling(temperature=1.0, top_p=1e-9))
    assert found.tolist() == [1.0, 0.0]


def test_a_tiny_temperature_is_almost_greedy() -> None:
    found = probabilities(candidates(3.0, 2.0), Sampling(temperature=1e-300))
    assert found.tolist() == [1.0, 0.0]


def test_the_last_candidate_takes_what_rounding_leaves() -> None:
    class Highest(np.random.Generator):
        def random(self, *_: Any, **__: Any) -> Any:
            return np.nextafter(1.0, 0.0)

    sampling = Sampling(temperature=1.0, top_p=0.5)
    generator = Highest(np.random.PCG64(1))
    assert choose(candidates(1.0, 0.9, 0.8, 0.7), sampling, generator) == 101


@pytest.mark.parametrize("values", [
    {"temperature": -0.1}, {"temperature": math.nan}, {"temperature": math.inf},
    {"top_k": 0}, {"top_k": 65}, {"top_p": 0.0}, {"top_p": 1.1}, {"top_p": math.nan}, {"seed": -1},
])  # fmt: skip
def test_what_is_out_of_range_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match=r"must be .*, not"):
        Sampling(**values)


def test_the_ends_of_the_ranges_are_taken() -> None:
    Sampling(0.0, 1, 1e-300, 0)
    Sampling(1e300, 64, 1.0, 1 << 70).generator()
