"""Reductions against a plain loop in the documented order."""

import math
import struct

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from wingbeat.hw.arithmetic.reduction import index_of_largest, largest, total

Float = npt.NDArray[np.float32]


def single(value: float) -> float:
    """Round to FP32 (a sum of two is exact enough in float64), subnormals to zero."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return math.copysign(0.0, rounded) if abs(rounded) < 2.0**-126 else rounded


def in_order(values: list[float]) -> float:
    parts = [0.0] * 128
    for index in range(-(-len(values) // 128) * 128):
        value = values[index] if index < len(values) else 0.0
        parts[index % 128] = single(parts[index % 128] + value)
    while len(parts) > 1:
        half = len(parts) // 2
        parts = [single(parts[i] + parts[i + half]) for i in range(half)]
    return parts[0]


def bits(value: float) -> int:
    return int(np.float32(value).view(np.uint32))


LENGTHS = [1, 2, 64, 127, 128, 129, 255, 256, 576, 1000]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("sign", ["mixed", "positive"])
def test_total_equals_a_loop_bit_for_bit(length: int, sign: str) -> None:
    rng = np.random.default_rng(length)
    values = (rng.normal(size=(3, length)) * np.exp2(rng.integers(-12, 12, (3, length)))).astype(
        np.float32
    )
    values = np.abs(values) if sign == "positive" else values
    for row, result in zip(values, total(values), strict=True):
        assert bits(result) == bits(in_order(row.tolist()))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_total_never_leaves_a_subnormal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.choice([-1, 1], 300) * rng.uniform(1, 4, 300) * 2.0**-126
    row = values.astype(np.float32)
    assert bits(float(total(row))) == bits(in_order(row.tolist()))


def test_total_of_nothing_is_plus_zero_and_so_is_that_of_minus_zeros() -> None:
    assert bits(total(np.zeros((1, 0), np.float32))[0]) == 0
    assert bits(total(np.full((1, 5), -0.0, np.float32))[0]) == 0


@pytest.mark.parametrize("zeros", [1, 127, 128, 500])
def test_zeros_behind_the_end_change_no_bits(zeros: int) -> None:
    row = np.random.default_rng(zeros).normal(size=(2, 200)).astype(np.float32)
    longer = np.pad(row, ((0, 0), (0, zeros)))
    np.testing.assert_array_equal(total(longer).view(np.uint32), total(row).view(np.uint32))


def test_a_nan_spoils_the_total_and_the_maximum_of_its_row_only() -> None:
    values = np.ones((2, 200), np.float32)
    values[1, 150] = np.array(0xFFC12345, np.uint32).view(np.float32)
    for result in (total(values), largest(values)):
        assert np.isnan(result).tolist() == [False, True]
        assert bits(result[1]) == 0x7FC00000


some = st.floats(width=32, allow_nan=False, allow_subnormal=False)


@given(arrays.arrays(np.float32, st.integers(1, 40), elements=some))
def test_largest_is_the_maximum_with_plus_zero_above_minus_zero(row: Float) -> None:
    order = [(value, math.copysign(1, value)) for value in row.tolist()]
    assert bits(largest(row[None])[0]) == bits(max(order)[0])


@given(arrays.arrays(np.float32, st.integers(1, 40), elements=st.sampled_from([-0.0, 0.0, -1.0])))
def test_signs_of_zeros(row: Float) -> None:
    order = [(value, math.copysign(1, value)) for value in row.tolist()]
    assert bits(largest(row[None])[0]) == bits(max(order)[0])


def test_largest_of_nothing_is_minus_infinity() -> None:
    assert largest(np.zeros((2, 0), np.float32)).tolist() == [-np.inf, -np.inf]


few = st.sampled_from([math.nan, -math.inf, -1.0, -0.0, 0.0, 2.0, math.inf])


@given(arrays.arrays(np.float32, st.integers(0, 12), elements=few))
def test_index_of_largest_is_the_lowest_and_a_nan_counts_as_minus_infinity(row: Float) -> None:
    best, where = -math.inf, 0
    for index, value in enumerate(row.tolist()):
        if value > best:  # false for a NaN
            best, where = value, index
    values, indices = index_of_largest(row[None])
    assert indices.dtype == np.int32
    assert (values[0], indices[0]) == (best, where)
