"""The quantiser against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wingbeat.hw.arithmetic.half import decode_half, encode_half
from wingbeat.hw.arithmetic.quantise import QUIET_LIMIT, quantise, scale_of

LIMIT = 2.0**-60
loud = st.floats(2.0**-60, 2.0**127, width=32)


def one(value: float) -> npt.NDArray[np.float32]:
    return np.array([value], np.float32)


def rounded_up(quotient: Fraction) -> Fraction:
    """The least number with 11 bits of significand that is no smaller."""
    unit = Fraction(1)
    while quotient / unit >= 2**11:
        unit *= 2
    while quotient / unit < 2**10:
        unit /= 2
    return -(-quotient // unit) * unit


@given(loud)
def test_the_scale_is_a_127th_rounded_up_to_11_bits(value: float) -> None:
    quotient = Fraction(float(np.float32(value) * np.float32(1 / 127)))
    assert Fraction(float(scale_of(one(value))[0])) == rounded_up(quotient)


@given(loud)
def test_the_largest_magnitude_is_within_half_a_code_of_127(value: float) -> None:
    scale = Fraction(float(scale_of(one(value))[0]))
    assert 126.5 < Fraction(value) / scale < Fraction(255, 2)


def test_the_largest_magnitude_gets_code_127_and_never_more() -> None:
    """All 2**23 significands would do the same: scales change at multiples of 2**13 of them."""
    steps = np.arange(0, 1 << 23, 61, dtype=np.uint32)
    edges = (np.arange(1, 1 << 10, dtype=np.uint32) << 13)[:, None] + np.arange(-9, 9)
    bits = np.concatenate([steps, edges.ravel().astype(np.uint32)]) | np.uint32(127 << 23)
    largest = bits.view(np.float32)
    product = largest * (np.float32(1) / scale_of(largest))
    assert product.max() < 127.5
    assert product.min() > 126.5
    group = np.zeros((len(largest), 32), np.float32)
    group[:, 0], group[:, 1] = largest, -largest
    codes = quantise(group, 32).codes
    assert set(codes[:, 0, 0].tolist()) == {127}
    np.testing.assert_array_equal(codes[:, 0, 1], -codes[:, 0, 0])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([32, 64, 128]), st.integers(-55, 120))
def test_a_code_is_the_nearest_integer_of_value_times_inverse(
    seed: int, group: int, exponent: int
) -> None:
    rng = np.random.default_rng(seed)
    values = np.ldexp(rng.normal(size=(2, 256)), exponent).astype(np.float32)
    result = quantise(values, group)
    for row in range(2):
        for index in range(256):
            first = index // group * group
            scale = scale_of(np.abs(values[row, first : first + group]).max(keepdims=True))[0]
            scaled = float(values[row, index] * (np.float32(1) / scale))
            assert result.codes[row, index // 32, index % 32] == round(scaled)  # to even
            assert result.scales[row, index // 32] == scale
    sums = [[sum(codes) for codes in row] for row in result.codes.tolist()]
    assert result.sums.tolist() == sums


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_decoding_is_within_half_a_scale_and_the_inverse_rounding(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(1, 64)).astype(np.float32)
    result = quantise(values, 32)
    scales = np.repeat(result.scales, 32).astype(np.float64)
    decoded = result.codes.reshape(-1) * scales
    assert (np.abs(decoded - values[0]) <= scales * (0.5 + 2e-5)).all()


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_a_group_with_a_poison_has_a_nan_for_a_scale_and_no_codes(poison: float) -> None:
    values = np.ones((1, 128), np.float32)
    values[0, 70] = poison
    narrow, wide = quantise(values, 32), quantise(values, 64)
    assert np.isnan(narrow.scales[0]).tolist() == [False, False, True, False]
    assert np.isnan(wide.scales[0]).tolist() == [False, False, True, True]
    assert (narrow.scales.view(np.uint32)[0, 2]) == 0x7FC00000
    assert not narrow.codes[0, 2].any()
    assert not wide.codes[0, 2:].any()
    assert narrow.sums[0, 2] == 0
    assert (narrow.codes[0, [0, 1, 3]] == 127).all()


def test_below_the_quiet_limit_all_is_zero_and_at_it_nothing_is() -> None:
    assert float(QUIET_LIMIT) == LIMIT
    below = float(np.nextafter(np.float32(LIMIT), np.float32(0)))
    for value, quiet in ((0.0, True), (-below, True), (LIMIT, False), (-LIMIT, False)):
        values = np.zeros((1, 32), np.float32)
        values[0, 5] = value
        result = quantise(values, 32)
        assert (result.scales[0, 0] == 0) == quiet
        assert bool(result.codes.any()) != quiet
        assert result.sums[0, 0] == result.codes[0, 0, 5]


@given(st.floats(2.0**-7, 65504.0, width=32))
def test_a_scale_of_ordinary_size_is_a_half_without_rounding(value: float) -> None:
    scale = scale_of(one(value))
    np.testing.assert_array_equal(decode_half(encode_half(scale)), scale)
