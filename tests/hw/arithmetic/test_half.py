"""Halves against their definition, every bit pattern and every rounding boundary."""

import numpy as np
import pytest

from wingbeat.hw.arithmetic.half import LARGEST_HALF, decode_half, encode_half

PATTERNS = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16)
FINITE = PATTERNS[:0x7C00]


def meaning(pattern: int) -> float:
    """Sign, five bits of exponent, ten of significand; exponent 31 is an ordinary one."""
    exponent, significand = pattern >> 10 & 31, pattern & 1023
    if exponent:
        significand += 1024
    size = significand * 2.0 ** (max(exponent, 1) - 25)
    return -size if pattern >> 15 else size


def test_every_pattern_decodes_to_its_meaning() -> None:
    wanted = np.array([meaning(pattern) for pattern in range(1 << 16)])
    found = decode_half(PATTERNS)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.astype(np.float64), wanted)
    np.testing.assert_array_equal(np.signbit(found), PATTERNS >= 0x8000)


def test_the_extremes_are_finite() -> None:
    assert decode_half(np.array([0x7FFF, 0xFFFF, 0x7C00], np.uint16)).tolist() == [
        131008.0,
        -131008.0,
        65536.0,
    ]


def test_decoding_leaves_its_input_alone_and_keeps_its_shape() -> None:
    bits = PATTERNS.copy().reshape(4, 16, -1)
    assert decode_half(bits).shape == (4, 16, 1024)
    np.testing.assert_array_equal(bits.ravel(), PATTERNS)


def test_every_finite_half_is_encoded_as_itself() -> None:
    values = np.array([meaning(int(pattern)) for pattern in FINITE], np.float32)
    np.testing.assert_array_equal(encode_half(values), FINITE)


def test_midpoints_go_to_the_even_half_and_their_neighbours_to_the_nearer_one() -> None:
    values = np.array([meaning(int(pattern)) for pattern in FINITE], np.float32)
    below, above = FINITE[:-1], FINITE[1:]
    middle = (values[:-1] + values[1:]) / np.float32(2)
    np.testing.assert_array_equal(encode_half(middle), np.where(below % 2, above, below))
    np.testing.assert_array_equal(encode_half(np.nextafter(middle, np.float32(0))), below)
    np.testing.assert_array_equal(encode_half(np.nextafter(middle, np.float32(np.inf))), above)


@pytest.mark.parametrize("value", [65504.0, 65519.0, 65520.0, 1e9, 3e38, np.inf])
def test_too_large_a_scale_becomes_the_largest(value: float) -> None:
    assert LARGEST_HALF == 65504
    assert encode_half(np.array([value], np.float32)).tolist() == [0x7BFF]


def test_nan_becomes_zero() -> None:
    assert encode_half(np.array([np.nan, 1.0], np.float32)).tolist() == [0, 0x3C00]
