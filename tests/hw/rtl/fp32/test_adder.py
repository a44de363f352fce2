"""The adder against `arithmetic.fp32`, bit for bit."""

import numpy as np
import pytest
from tests.hw.rtl.fp32.stimuli import (
    COUNT,
    FORMS,
    MINUS,
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
from wingbeat.hw.rtl.fp32.adder import Adder


@pytest.fixture(scope="module", params=FORMS)
def adder(request: pytest.FixtureRequest) -> Pipeline:
    return Pipeline(Adder(), ["sum"], request.param)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(1)


def check(adder: Pipeline, a: Words, b: Words) -> None:
    minus = np.arange(len(a), dtype=np.uint32) & 1
    with np.errstate(all="ignore"):
        x, y = floats(a), floats(b)
        expected = words(np.where(minus, fp32.subtract(x, y), fp32.add(x, y)))
    equal(adder(a=a, b=b, subtract=minus), expected, a=a, b=b, subtract=minus)


def test_corners(adder: Pipeline) -> None:
    a, b = corner_pairs()
    check(adder, np.repeat(a, 2), np.repeat(b, 2))


def test_anything(adder: Pipeline, random: np.random.Generator) -> None:
    check(adder, anything(random), anything(random))


@pytest.mark.parametrize("centre", [1, 24, 127, 254])
def test_exponents_up_to_30_apart(
    adder: Pipeline, random: np.random.Generator, centre: int
) -> None:
    check(adder, close(random, centre, 15), close(random, centre, 15))


@pytest.mark.parametrize("centre", [2, 127, 254])
def test_cancellation(adder: Pipeline, random: np.random.Generator, centre: int) -> None:
    check(adder, close(random, centre, 1), close(random, centre, 1))
    a = close(random, centre + 24, 24)
    near = (a + random.integers(-2, 3, COUNT).astype(np.uint32)) ^ np.where(
        random.random(COUNT) < 0.5, MINUS, np.uint32(0)
    )
    fine = (a >> 23 & 0xFF > 0) & (near >> 23 & 0xFF > 0)
    fine &= (a >> 23 & 0xFF < 255) & (near >> 23 & 0xFF < 255)
    check(adder, a[fine], near[fine].astype(np.uint32))
