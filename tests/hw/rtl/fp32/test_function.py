"""The function unit against `arithmetic.functions`, bit for bit."""

import numpy as np
import pytest
from tests.hw.rtl.fp32.stimuli import (
    CORNERS,
    COUNT,
    MINUS,
    Pipeline,
    Words,
    anything,
    close,
    equal,
    floats,
    words,
)

from wingbeat.hw.arithmetic import functions
from wingbeat.hw.isa.instructions import Function
from wingbeat.hw.rtl.fp32.function import FunctionUnit

MEANING = {
    Function.IDENTITY: lambda x: x,
    Function.EXP2: functions.exp2,
    Function.RECIPROCAL: functions.reciprocal,
    Function.RSQRT: functions.rsqrt,
    Function.SIN: functions.sine,
    Function.COS: functions.cosine,
}
REAL = [function for function in Function if function is not Function.IDENTITY]


@pytest.fixture(scope="module")
def unit() -> Pipeline:
    return Pipeline(FunctionUnit(), ["y"])


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(6)


def check(unit: Pipeline, x: Words, function: Function) -> None:
    with np.errstate(all="ignore"):
        expected = words(MEANING[function](floats(x)))
    equal(unit(x=x, function=np.full(len(x), function.value)), expected, x=x)


@pytest.mark.parametrize("function", Function)
def test_corners(unit: Pipeline, function: Function) -> None:
    check(unit, CORNERS, function)


@pytest.mark.parametrize("function", Function)
def test_anything(unit: Pipeline, function: Function, random: np.random.Generator) -> None:
    check(unit, anything(random), function)


@pytest.mark.parametrize("function", REAL)
@pytest.mark.parametrize("centre", [8, 92, 104, 116, 128, 140, 150])
def test_about_the_exponents_where_the_fraction_changes(
    unit: Pipeline, function: Function, centre: int, random: np.random.Generator
) -> None:
    check(unit, close(random, centre, 7, COUNT // 4), function)


@pytest.mark.parametrize("function", REAL)
def test_next_to_segments_and_whole_numbers(unit: Pipeline, function: Function) -> None:
    steps = np.arange(-130 * 512, 130 * 512 + 1) / np.float32(512)
    near = words(steps.astype(np.float32))[:, None] + np.arange(-2, 3, dtype=np.int64)
    x = near.ravel().astype(np.uint32)
    ordinary = (x >> 23 & 0xFF > 0) & (x >> 23 & 0xFF < 255)
    check(unit, x[ordinary], function)


@pytest.mark.parametrize("function", REAL)
def test_halves_of_the_last_place_of_one_less_a_number(
    unit: Pipeline, function: Function, random: np.random.Generator
) -> None:
    # multiples of 2**-25 and 2**-27: what is between two numbers of [0.5, 1) when taken from 1
    for place in (25, 27):
        steps = random.integers(0, 1 << 24, COUNT // 2) << random.integers(0, 5, COUNT // 2)
        x = words(np.ldexp(steps.astype(np.float32), -place))
        check(unit, x, function)
        check(unit, x | MINUS, function)


def test_the_function_may_change_every_cycle(unit: Pipeline, random: np.random.Generator) -> None:
    x = np.concatenate([close(random, 125, 10, COUNT // 4), anything(random, COUNT // 4)])
    function = random.integers(0, len(Function), len(x))
    expected = np.zeros(len(x), np.uint32)
    for name, meaning in MEANING.items():
        here = function == name.value
        with np.errstate(all="ignore"):
            expected[here] = words(meaning(floats(x[here])))
    equal(unit(x=x, function=function), expected, x=x, function=function)
