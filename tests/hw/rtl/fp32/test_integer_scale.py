"""Integers times halves against NumPy, for every half."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from tests.hw.rtl.fp32.stimuli import COUNT, FORMS, Pipeline, equal, words

from wingbeat.hw.arithmetic.half import decode_half
from wingbeat.hw.rtl.fp32.integer_scale import IntegerScale
from wingbeat.sim.rtl.verilate import Optimise

RESULT, SUM = 21, 13
"""Bits of a group's result and of a group's sum of codes."""

HALVES = np.arange(1 << 16).astype(np.uint16)


@pytest.fixture(scope="module", params=FORMS)
def form(request: pytest.FixtureRequest) -> Optimise:
    form: Optimise = request.param
    return form


@pytest.fixture(scope="module")
def result(form: Optimise) -> Pipeline:
    return Pipeline(IntegerScale(RESULT), ["product"], form)


@pytest.fixture(scope="module")
def total(form: Optimise) -> Pipeline:
    return Pipeline(IntegerScale(SUM), ["product"], form)


def check(
    pipeline: Pipeline, integer: npt.NDArray[np.int64], scale: npt.NDArray[np.uint16]
) -> None:
    expected = words(decode_half(scale) * integer.astype(np.float32))
    equal(pipeline(integer=integer, scale=scale), expected, integer=integer, scale=scale)


@pytest.mark.parametrize("width", [RESULT, SUM])
def test_every_half_with_the_integers_that_are_special(
    result: Pipeline, total: Pipeline, width: int
) -> None:
    pipeline = result if width == RESULT else total
    end = 1 << (width - 1)
    for integer in (0, 1, -1, 3, end - 1, -end, end // 2, -end // 2 - 1):
        check(pipeline, np.full(len(HALVES), integer), HALVES)


def test_every_sum_with_some_halves(total: Pipeline) -> None:
    sums = np.arange(-(1 << 12), 1 << 12)
    pairs = np.array(list(product(sums, [1, 0x3FF, 0x8400, 0x3C00, 0x7BFF, 0x7C00, 0xFFFF])))
    check(total, pairs[:, 0], pairs[:, 1].astype(np.uint16))


def test_a_product_with_a_sum_of_codes_is_exact(total: Pipeline) -> None:
    random = np.random.default_rng(7)
    integer = random.integers(-32 * 127, 32 * 127 + 1, COUNT)
    scale = random.integers(0, 1 << 16, COUNT).astype(np.uint16)
    check(total, integer, scale)
    found = np.asarray(total(integer=integer, scale=scale)).astype(np.uint32).view(np.float32)
    assert (found.astype(np.float64) == decode_half(scale).astype(np.float64) * integer).all()


def test_results_of_every_length(result: Pipeline) -> None:
    random = np.random.default_rng(8)
    length = random.integers(0, RESULT, COUNT)
    integer = random.integers(-1 << 20, 1 << 20, COUNT) >> length
    check(result, integer, random.integers(0, 1 << 16, COUNT).astype(np.uint16))


def test_halfway_cases(result: Pipeline) -> None:
    # 15 x 11 and more bits of which the last are chosen so that the product ends in a half
    random = np.random.default_rng(9)
    integer = random.integers(1 << 13, 1 << 15, COUNT) | 1
    significand = random.integers(1 << 10, 1 << 11, COUNT) | 1
    exponent = random.integers(1, 32, COUNT)
    scale = (exponent << 10 | significand & 0x3FF).astype(np.uint16)
    check(result, integer * random.choice([-1, 1, 2, -8], COUNT), scale)
