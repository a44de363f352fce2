from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from tests.hw.arithmetic import exact

from wingbeat.hw.arithmetic import fp32
from wingbeat.hw.arithmetic.fp32 import Float

# infinities and NaNs are results like others
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

Operation = Callable[[Float, Float], Float]
Oracle = Callable[[int, int], int]


def maximum(a: int, b: int) -> int:
    if max(a & ~exact.MINUS, b & ~exact.MINUS) > exact.INFINITY:
        return exact.NAN
    # words of a sign are ordered as their magnitudes are, and -0 lies below +0
    return max(a, b, key=lambda word: ~word if word & exact.MINUS else exact.MINUS | word)


OPERATIONS = pytest.mark.parametrize(
    ("operation", "oracle"),
    [
        pytest.param(fp32.add, exact.add, id="add"),
        pytest.param(fp32.subtract, lambda a, b: exact.add(a, b ^ exact.MINUS), id="subtract"),
        pytest.param(fp32.multiply, exact.multiply, id="multiply"),
        pytest.param(fp32.maximum, maximum, id="maximum"),
    ],
)


def check(operation: Operation, oracle: Oracle, a: list[int], b: list[int]) -> None:
    results = exact.words(operation(exact.floats(a), exact.floats(b)))
    for left, right, result in zip(a, b, results.tolist(), strict=True):
        wanted = oracle(left, right)
        assert result == wanted, f"{left:#x}, {right:#x}: {result:#x}, not {wanted:#x}"


@OPERATIONS
def test_every_pair_of_corners(operation: Operation, oracle: Oracle) -> None:
    some = exact.corners()[::3]
    pairs = list(product(some, some))
    check(operation, oracle, [a for a, _ in pairs], [b for _, b in pairs])


@OPERATIONS
def test_random_numbers(operation: Operation, oracle: Oracle) -> None:
    rng = np.random.default_rng(1)
    a, b = exact.random_words(rng, 2000), exact.random_words(rng, 2000)
    near = [(word & ~(0xFF << 23)) | (w & 0xFF << 23) for word, w in zip(b, a, strict=True)]
    check(operation, oracle, a, b)
    check(operation, oracle, a, near)  # of equal exponents: sums that cancel


def test_products_around_the_smallest_normal_number() -> None:
    rng = np.random.default_rng(2)
    a = (127 << 23 | rng.integers(0, 1 << 23, 1000)).astype(np.uint32)
    quotient = (np.float32(2.0**-126) / a.view(np.float32)).astype(np.float32)
    steps = rng.integers(-2, 3, 1000)
    # the quotient may be subnormal, which no operand is: shift the factors towards each other
    left = a - (63 << 23)
    right = ((quotient * np.float32(2.0**63)).view(np.uint32).astype(np.int64) + steps).tolist()
    check(fp32.multiply, exact.multiply, left.tolist(), right)


def test_differences_around_the_smallest_normal_number() -> None:
    rng = np.random.default_rng(3)
    a = (2 << 23 | rng.integers(0, 1 << 23, 1000)).tolist()
    b = (exact.MINUS | 1 << 23 | rng.integers(0, 1 << 23, 1000)).tolist()
    check(fp32.add, exact.add, a, b)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_product_is_rounded_before_a_subnormal_is_replaced(sign: int) -> None:
    smallest = np.float32(sign * 2.0**-126)
    below_one = np.float32([1 - 2**-24, 1 - 2**-23])
    # the first product lies half way to the largest subnormal, and is rounded to the even side;
    # the second one is the largest subnormal
    assert np.array_equal(fp32.multiply(smallest * np.ones(2, np.float32), below_one),
                          np.array([smallest, 0]))  # fmt: skip


def test_a_subnormal_becomes_a_zero_of_its_sign() -> None:
    values = exact.floats([1, 0x7FFFFF, exact.MINUS | 1, exact.MINUS | 0x7FFFFF, 0x800000])
    assert exact.words(fp32.settle(values)).tolist() == [0, 0, exact.MINUS, exact.MINUS, 0x800000]


def test_every_nan_becomes_the_quiet_one() -> None:
    values = exact.floats([0x7FC00000, 0xFFC00000, 0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF])
    assert set(exact.words(fp32.settle(values)).tolist()) == {exact.NAN}


def test_settling_is_done_in_place_and_leaves_what_is_settled() -> None:
    values = exact.floats([word for word in exact.corners() if word != exact.NAN | exact.MINUS])
    before = exact.words(values).copy()
    assert fp32.settle(values) is values
    assert np.array_equal(exact.words(values), before)


def test_nothing_settles_to_nothing() -> None:
    assert fp32.settle(np.zeros((0, 3), np.float32)).shape == (0, 3)
