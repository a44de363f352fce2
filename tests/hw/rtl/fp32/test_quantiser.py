"""The quantiser's pieces against `arithmetic.quantise`."""

import numpy as np
import pytest
from tests.hw.rtl.fp32.stimuli import (
    CORNERS,
    COUNT,
    MINUS,
    NAN,
    Floats,
    Pipeline,
    Words,
    anything,
    close,
    equal,
    floats,
    words,
)

from wingbeat.hw.arithmetic.quantise import QUIET_LIMIT, quantise, scale_of
from wingbeat.hw.rtl.fp32.multiplier import Multiplier
from wingbeat.hw.rtl.fp32.quantiser import ScaleOf, ToCode


@pytest.fixture(scope="module")
def unit() -> Pipeline:
    return Pipeline(ScaleOf(), ["scale", "inverse"])


@pytest.fixture(scope="module")
def to_code() -> Pipeline:
    return Pipeline(ToCode(), ["code"])


def check(unit: Pipeline, largest: Words) -> None:
    with np.errstate(all="ignore"):
        scale = scale_of(floats(largest))
        inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale > 0)
    found = unit(largest=largest)
    equal(found[0], words(scale), largest=largest)
    equal(found[1], words(inverse), largest=largest)


def test_scales_of_corners(unit: Pipeline) -> None:
    around = words(np.full(9, QUIET_LIMIT)) + np.arange(-4, 5).astype(np.uint32)
    check(unit, np.concatenate([CORNERS & ~MINUS, around]))


def test_scales_of_anything(unit: Pipeline) -> None:
    check(unit, anything(np.random.default_rng(10)) & ~MINUS)


def test_every_inverse_and_its_neighbours(unit: Pipeline) -> None:
    scale = np.arange(1 << 10, 2 << 10).astype(np.float32) / np.float32(1 << 10)
    largest: Floats = scale * np.float32(127)
    near = words(largest)[:, None] + np.arange(-3, 4, dtype=np.int64)
    for octave in (-60, -1, 0, 100):
        check(unit, (near.ravel() + (octave << 23)).astype(np.uint32))


def test_codes_of_numbers_next_to_halves(to_code: Pipeline) -> None:
    halves = words((np.arange(255) / np.float32(2)).astype(np.float32))
    near = (halves[1:, None] + np.arange(-2, 3, dtype=np.int64)).ravel().astype(np.uint32)
    near = near[floats(near) < 127.5]
    value = np.concatenate([near, near | MINUS])
    expected = np.rint(floats(value)).astype(np.int64)
    equal(to_code(value=value), expected, value=value)


def test_codes_of_any_number_below_127_and_a_half(to_code: Pipeline) -> None:
    random = np.random.default_rng(11)
    value = np.concatenate([anything(random), close(random, 130, 7)])
    value = value[np.abs(floats(value)) < 127.5]
    expected = np.rint(floats(value)).astype(np.int64)
    equal(to_code(value=value), expected, value=value)


def test_a_nan_has_no_code(to_code: Pipeline) -> None:
    assert int(to_code(value=np.array([NAN, 0x7F800000, 0xFF800000]))[0]) == 0


def test_together_they_quantise(unit: Pipeline, to_code: Pipeline) -> None:
    random = np.random.default_rng(12)
    values = floats(close(random, 120, 8, COUNT)).copy()
    values[:64] = [np.nan, np.inf, *[1] * 30, np.inf, *[2] * 31]
    values[64:128] = 2.0**-61
    rows = values.reshape(-1, 32)
    with np.errstate(all="ignore"):
        expected = quantise(rows, 32)
        largest = np.abs(rows).max(axis=-1)
    largest_bits = np.where(np.isnan(largest), NAN, words(largest)).astype(np.uint32)
    scale, inverse = unit(largest=largest_bits)
    equal(scale, words(expected.scales[:, 0]), largest=largest_bits)
    multiplier = Pipeline(Multiplier(), ["product"])
    product = multiplier(a=words(rows).ravel(), b=np.repeat(inverse, 32))
    codes = np.asarray(to_code(value=product)).astype(np.int8)
    equal(codes, expected.codes.ravel(), value=words(rows).ravel())
