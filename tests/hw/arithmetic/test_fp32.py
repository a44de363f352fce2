"""FP32 against exact rational arithmetic: no subnormals, one NaN, zeros keep their sign."""

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wingbeat.hw.arithmetic import fp32

Float = npt.NDArray[np.float32]
NAN = 0x7FC00000
finite = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False)
anything = st.floats(width=32, allow_subnormal=False)
near = st.builds(
    lambda significand, exponent: float(np.ldexp(significand, exponent)),
    st.integers(-(2**24) + 1, 2**24 - 1),
    st.integers(-149, -120),
).filter(lambda value: value == 0 or abs(value) >= 2.0**-126)


def one(value: float) -> Float:
    return np.array([value], np.float32)


def bits(value: Float) -> int:
    assert value.dtype == np.float32
    return int(value.view(np.uint32)[0])


def rounded(exact: Fraction, negative_zero: bool) -> int:
    """IEEE-754 to nearest even, subnormals kept while rounding and then made zeros."""
    if exact == 0:
        return 0x80000000 if negative_zero else 0
    sign = 0x80000000 if exact < 0 else 0
    exponent = -149
    while abs(exact) / Fraction(2) ** exponent >= 2**24:
        exponent += 1
    integer = round(abs(exact) / Fraction(2) ** exponent)  # to even
    value = integer * Fraction(2) ** exponent
    if value >= Fraction(2) ** 128:
        return sign | 0x7F800000
    return sign | (bits(one(float(value))) if value >= Fraction(2) ** -126 else 0)


@given(finite | near, finite | near)
@example(2.0**-126, -(2.0**-126) * 1.5)
def test_sums_are_rounded_once_and_subnormals_become_signed_zeros(a: float, b: float) -> None:
    zero = math.copysign(1, a) < 0 and math.copysign(1, b) < 0
    with np.errstate(all="ignore"):
        assert bits(fp32.add(one(a), one(b))) == rounded(Fraction(a) + Fraction(b), zero)
        assert bits(fp32.subtract(one(a), one(-b))) == rounded(Fraction(a) + Fraction(b), zero)


@given(finite | near, finite | near | st.floats(-2, 2, width=32, allow_subnormal=False))
@example(1 - 2.0**-24, 2.0**-126)  # rounds up to the smallest normal number
@example(1 - 2.0**-23, 2.0**-126)
def test_products_are_rounded_as_ieee_and_only_then_flushed(a: float, b: float) -> None:
    sign = math.copysign(1, a) * math.copysign(1, b) < 0
    with np.errstate(all="ignore"):
        assert bits(fp32.multiply(one(a), one(b))) == rounded(Fraction(a) * Fraction(b), sign)


@given(anything, anything)
@example(0.0, -0.0)
@example(-0.0, 0.0)
@example(-0.0, -0.0)
def test_maximum_orders_zeros_and_hands_on_a_nan(a: float, b: float) -> None:
    if math.isnan(a) or math.isnan(b):
        wanted = NAN
    else:
        wanted = bits(one(max((a, math.copysign(1, a)), (b, math.copysign(1, b)))[0]))
    assert bits(fp32.maximum(one(a), one(b))) == wanted


@pytest.mark.parametrize("payload", [0x7FC00000, 0x7FC00001, 0xFFC00000, 0xFFFFFFFF])
def test_there_is_one_nan(payload: int) -> None:
    nan = np.array([payload], np.uint32).view(np.float32)
    for operation in (fp32.add, fp32.subtract, fp32.multiply, fp32.maximum):
        assert bits(operation(nan, one(1))) == NAN
        assert bits(operation(one(1), nan)) == NAN


def test_invalid_operations_make_the_one_nan() -> None:
    infinity = one(math.inf)
    with np.errstate(invalid="ignore"):
        assert bits(fp32.add(infinity, -infinity)) == NAN
        assert bits(fp32.subtract(infinity, infinity)) == NAN
        assert bits(fp32.multiply(infinity, one(0))) == NAN


def test_settling_changes_subnormals_and_nans_and_nothing_else() -> None:
    raw = np.array(
        [0x00000001, 0x807FFFFF, 0x00800000, 0x80000000, 0x7F800000, 0xFF800000, 0xFFC00007],
        np.uint32,
    )
    settled = fp32.settle(raw.view(np.float32).copy()).view(np.uint32).tolist()
    assert settled == [0, 0x80000000, 0x00800000, 0x80000000, 0x7F800000, 0xFF800000, NAN]
    assert fp32.settle(np.zeros((0, 3), np.float32)).shape == (0, 3)


@pytest.mark.parametrize("size", [1, 3, 16, 33])
@pytest.mark.parametrize("raw", [0x7F800001, 0xFF800001, 0x7FBFFFFF, 0xFFFFFFFF, 0x7FC00001])
def test_a_signalling_nan_is_settled_without_a_warning(raw: int, size: int) -> None:
    """Device memory may hold anything; a warning is an error here."""
    words = np.full((2, size), raw, np.uint32)
    words[1] = 0x80000001
    settled = fp32.settle(words.view(np.float32)).view(np.uint32)
    assert settled.tolist() == [[NAN] * size, [0x80000000] * size]
