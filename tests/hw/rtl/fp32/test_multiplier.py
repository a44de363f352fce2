"""The multipliers against `arithmetic.fp32`, bit for bit."""

import numpy as np
import numpy.typing as npt
import pytest
from tests.hw.rtl.fp32.stimuli import (
    CORNERS,
    COUNT,
    FORMS,
    Pipeline,
    Words,
    anything,
    close,
    corner_pairs,
    equal,
    floats,
    words,
)

from wingbeat.hw.arithmetic import fp32
from wingbeat.hw.rtl.fp32.multiplier import Multiplier, ScaleMultiplier
from wingbeat.sim.rtl.verilate import Optimise

SHORT = np.uint32(0xFFFFE000)  # 11 bits of significand


@pytest.fixture(scope="module", params=FORMS)
def form(request: pytest.FixtureRequest) -> Optimise:
    form: Optimise = request.param
    return form


@pytest.fixture(scope="module")
def multiplier(form: Optimise) -> Pipeline:
    return Pipeline(Multiplier(), ["product"], form)


@pytest.fixture(scope="module")
def scale_multiplier(form: Optimise) -> Pipeline:
    return Pipeline(ScaleMultiplier(), ["product"], form)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(2)


def with_exponent(random: np.random.Generator, fields: npt.NDArray[np.int64]) -> Words:
    rest = close(random, 1, 0, len(fields)) & np.uint32(0x807FFFFF)
    return (rest | fields << 23).astype(np.uint32)


def check(multiplier: Pipeline, a: Words, b: Words) -> None:
    with np.errstate(all="ignore"):
        expected = words(fp32.multiply(floats(a), floats(b)))
    equal(multiplier(a=a, b=b), expected, a=a, b=b)


def test_corners(multiplier: Pipeline, scale_multiplier: Pipeline) -> None:
    a, b = corner_pairs()
    check(multiplier, a, b)
    check(scale_multiplier, a, b & SHORT)


def test_anything(
    multiplier: Pipeline, scale_multiplier: Pipeline, random: np.random.Generator
) -> None:
    a, b = anything(random), anything(random)
    check(multiplier, a, b)
    check(scale_multiplier, a, b & SHORT)


@pytest.mark.parametrize("field", [126, 382])
def test_at_the_ends_of_the_range(
    multiplier: Pipeline, scale_multiplier: Pipeline, random: np.random.Generator, field: int
) -> None:
    first = random.integers(max(1, field - 254), min(254, field - 1) + 1, COUNT)
    second = np.clip(field - first + random.integers(-1, 3, COUNT), 1, 254)
    a, b = with_exponent(random, first), with_exponent(random, second)
    check(multiplier, a, b)
    check(scale_multiplier, a, b & SHORT)


def test_between_the_largest_subnormal_and_the_smallest_normal_number(
    multiplier: Pipeline,
) -> None:
    below_one = np.uint32(0x3F800000) - np.arange(1, 5, dtype=np.uint32)
    a = np.concatenate([below_one, below_one | np.uint32(1 << 31)])
    smallest = np.uint32(0x00800000) + np.arange(4, dtype=np.uint32)
    check(multiplier, np.repeat(a, 4), np.tile(smallest, 8))
    # two factors that meet closely below 2**-126, of every length
    size = np.arange(1, 1 << 23, 7, dtype=np.uint32)
    x = (size | np.uint32(64 << 23)).view(np.float32)
    y = (np.float64(2.0**-126) / x.astype(np.float64)).astype(np.float32)
    for step in (-1, 0, 1):
        check(multiplier, words(x), words(y) + np.uint32(step & 0xFFFFFFFF))


def test_halves_and_three_quarters_of_the_last_place(
    multiplier: Pipeline, random: np.random.Generator
) -> None:
    # 12 x 13 bits give 24 or 25, 13 x 13 give 25 or 26: one or two too many
    a = random.integers(1 << 11, 1 << 13, COUNT) | 1
    b = random.integers(1 << 12, 1 << 13, COUNT) | 1
    check(multiplier, words(a.astype(np.float32)), words(b.astype(np.float32)))


def test_the_scale_multiplier_passes_poison_on(scale_multiplier: Pipeline) -> None:
    b = np.full(len(CORNERS), 0x7FC00000, np.uint32)
    assert (scale_multiplier(a=CORNERS, b=b) == 0x7FC00000).all()
