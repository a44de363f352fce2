"""Combine against what the ISA machine does, the operation changing every cycle."""

import numpy as np
import pytest
from tests.hw.rtl.fp32.stimuli import (
    COUNT,
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
from wingbeat.hw.isa import instructions
from wingbeat.hw.rtl.fp32.combine import Combine

MEANING = {
    instructions.Combine.PASS: lambda a, b: a,
    instructions.Combine.MUL: fp32.multiply,
    instructions.Combine.ADD: fp32.add,
    instructions.Combine.SUB: fp32.subtract,
    instructions.Combine.MAX: fp32.maximum,
}


@pytest.fixture(scope="module")
def combine() -> Pipeline:
    return Pipeline(Combine(), ["result"])


def check(combine: Pipeline, a: Words, b: Words) -> None:
    operation = np.random.default_rng(3).integers(0, len(instructions.Combine), len(a))
    expected = np.zeros(len(a), np.uint32)
    for name, meaning in MEANING.items():
        here = operation == name.value
        with np.errstate(all="ignore"):
            expected[here] = words(meaning(floats(a[here]), floats(b[here])))
    found = combine(a=a, b=b, operation=operation)
    equal(found, expected, a=a, b=b, operation=operation)


def test_corners(combine: Pipeline) -> None:
    a, b = corner_pairs()
    check(combine, np.tile(a, 20), np.tile(b, 20))


def test_anything(combine: Pipeline) -> None:
    random = np.random.default_rng(4)
    check(combine, anything(random), anything(random))
    check(combine, close(random, 127, 2), close(random, 127, 2))


def test_equal_operands(combine: Pipeline) -> None:
    a = anything(np.random.default_rng(5), COUNT // 4)
    check(combine, a, a)
