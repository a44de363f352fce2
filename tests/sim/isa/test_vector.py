"""MISC against plain loops over words; the functions themselves are tested with the arithmetic."""

import itertools
from typing import Any

import numpy as np
import pytest
from tests.hw.arithmetic import exact
from tests.sim.isa.units import Parts, vector

from wingbeat.hw.arithmetic import functions
from wingbeat.hw.isa.instructions import Combine, Destination, Function, Reduce
from wingbeat.hw.isa.operands import GroupSize, OperandView, SmallCount, VectorView
from wingbeat.sim.isa.vector import read_word

A, B, C, D = 0, 40, 80, 120
"""Granules of the sources and the destination."""


def numbers(count: int, seed: int = 3) -> list[float]:
    return [float(x) for x in np.random.default_rng(seed).normal(size=count).astype(np.float32)]


def bits(value: float) -> int:
    return int(np.float32(value).view(np.uint32))


def combined(how: Combine, a: float, b: float) -> float:
    """In exact arithmetic."""
    x, y = bits(a), bits(b)
    word = {
        Combine.PASS: lambda: x,
        Combine.ADD: lambda: exact.add(x, y),
        Combine.SUB: lambda: exact.add(x, y ^ 1 << 31),
        Combine.MUL: lambda: exact.multiply(x, y),
        Combine.MAX: lambda: x if a > b else y,
    }[how]()
    return float(np.uint32(word).view(np.float32))


@pytest.mark.parametrize(("first", "second"), [*itertools.product(Combine, Combine)])
def test_two_combinations_one_after_the_other(first: Combine, second: Combine) -> None:
    parts = Parts()
    a, b, c = (parts.put(place, numbers(21, place)) for place in (A, B, C))
    before = parts.get(D, 64)
    parts.vector.execute(
        vector(first=first, second=second, length=21, destination=VectorView(D),
               a=VectorView(A), b=VectorView(B), c=VectorView(C)),
        parts.registers,
    )  # fmt: skip
    wanted = [combined(second, combined(first, x, y), z) for x, y, z in zip(a, b, c, strict=True)]
    assert parts.get(D, 21).tolist() == wanted
    assert parts.get(D, 64)[21:].tobytes() == before[21:].tobytes()


NAMES = {Function.SIN: "sine", Function.COS: "cosine"}
"""Functions that the arithmetic calls otherwise."""


@pytest.mark.parametrize("function", [each for each in Function if each is not Function.IDENTITY])
def test_the_function_stands_between_the_combinations(function: Function) -> None:
    reference = getattr(functions, NAMES.get(function, function.name.lower()))
    parts = Parts()
    a, b, c = (parts.put(place, np.abs(numbers(16, place))) for place in (A, B, C))
    parts.vector.execute(
        vector(first=Combine.MUL, function=function, second=Combine.SUB, length=16,
               destination=VectorView(D), a=VectorView(A), b=VectorView(B), c=VectorView(C)),
        parts.registers,
    )  # fmt: skip
    np.testing.assert_array_equal(parts.get(D, 16), reference(a * b) - c)


def test_views_have_outer_and_inner_strides_and_scalars() -> None:
    parts = Parts()
    parts.registers[4] = 2
    a, scale = parts.put(A, numbers(16 * 24)), parts.put(B, numbers(16 * 6, 4))
    parts.vector.execute(
        vector(first=Combine.MUL, outer=SmallCount(1, 4), inner=2, length=5,
               destination=VectorView(D, 4, outer=4, inner=2), a=VectorView(A, outer=8, inner=3),
               b=VectorView(B, outer=2, inner=1, scalar=1)),
        parts.registers,
    )  # fmt: skip
    for o, h, e in itertools.product(range(3), range(2), range(5)):
        wanted = combined(Combine.MUL, a[16 * (8 * o + 3 * h) + e], scale[16 * (2 * o + h)])
        assert parts.get(D + 2 + 4 * o + 2 * h, 5)[e] == wanted


@pytest.mark.parametrize("fields", [{"outer": 0, "length": 4}, {"inner": 0, "length": 4}])
def test_no_rows_write_nothing(fields: dict[str, Any]) -> None:
    parts = Parts()
    before = parts.vectors.words.tobytes()
    parts.vector.execute(vector(destination=VectorView(D), a=VectorView(A), **fields),
                         parts.registers)  # fmt: skip
    assert parts.vectors.words.tobytes() == before


def rows_of(parts: Parts, outer: int, inner: int) -> list[list[list[float]]]:
    """Integers, whose sums are exact in any order; behind each row NaN."""
    rng = np.random.default_rng(9)
    values = rng.integers(-50, 50, (outer, inner, 48)).astype(np.float32)
    parts.put(A, values)
    found: list[list[list[float]]] = values.tolist()
    return found


@pytest.mark.parametrize("reduce", [Reduce.SUM, Reduce.MAX, Reduce.ARGMAX])
@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("scalar", [0, 1])
def test_a_row_is_reduced_up_to_its_own_end(reduce: Reduce, step: int, scalar: int) -> None:
    parts, outer, inner, length = Parts(), 4, 3, 33
    rows = rows_of(parts, outer, inner)
    for o, h in itertools.product(range(outer), range(inner)):
        # what lies behind a row's end is garbage
        start = 16 * 3 * (o * inner + h) + length + o * step
        parts.vectors.words[start : 16 * 3 * (o * inner + h + 1)] = np.nan
    parts.vector.execute(
        vector(reduce=reduce, outer=outer, inner=inner, length=length, step=step,
               destination=VectorView(D, outer=8, inner=2, scalar=scalar),
               a=VectorView(A, outer=9, inner=3)),
        parts.registers,
    )  # fmt: skip
    for o, h in itertools.product(range(outer), range(inner)):
        row = rows[o][h][: length + o * step]
        if reduce is Reduce.ARGMAX:
            found = parts.get(D + 8 * o + 2 * h, 2)
            assert found[0] == max(row)
            assert found[1:].view(np.int32)[0] == row.index(max(row))
            continue
        wanted = sum(row) if reduce is Reduce.SUM else max(row)
        granule, word = (2 * h, 0) if scalar else (0, h)
        assert parts.get(D + 8 * o + granule, 16)[word] == wanted


def test_elements_behind_a_row_are_selected_to_zero() -> None:
    parts = Parts()
    a = parts.put(A, numbers(16 * 4))
    for row in range(4):
        start = 16 * row + 3 + row
        parts.vectors.words[start : 16 * row + 16] = np.resize([np.nan, np.inf], 13 - row)
    parts.vector.execute(
        vector(outer=4, length=3, step=1, destination=VectorView(D, outer=1),
               a=VectorView(A, outer=1)),
        parts.registers,
    )  # fmt: skip
    for row in range(4):
        wanted = [*a[16 * row : 16 * row + 3 + row], *[0.0] * (3 - row)]
        assert parts.get(D + row, 6).tolist() == wanted


@pytest.mark.parametrize("size", [GroupSize.G32, GroupSize.G64])
def test_operands_are_quantised_in_whole_groups(size: GroupSize) -> None:
    parts, length = Parts(), 70
    a = parts.put(A, numbers(16 * 10))
    everything = parts.operands.view(OperandView(0), parts.registers, 1, 1, 256)
    everything.codes[...] = 99
    parts.vector.execute(
        vector(target=Destination.OPERAND, group=size, outer=2, length=length,
               destination=VectorView(6, outer=20), a=VectorView(A, outer=5)),
        parts.registers,
    )  # fmt: skip
    groups = -(-length // size.elements) * size.elements // 32
    for row in range(2):
        found = parts.operands.view(OperandView(6 + 20 * row), parts.registers, 1, 1, groups + 1)
        codes, scales = found.codes[0, 0], found.scales[0, 0]
        assert (codes[groups] == 99).all()
        values = np.zeros(groups * 32)
        values[:length] = a[80 * row : 80 * row + length]
        for group in range(groups):
            first = group * 32 // size.elements * size.elements
            largest = np.abs(values[first : first + size.elements]).max()
            # rounded up to 11 bits of significand
            assert largest / 127 <= scales[group] <= largest / 127 * (1 + 2.0**-9)
            wanted = values[group * 32 : group * 32 + 32] / scales[group]
            assert np.abs(codes[group] - wanted).max() <= 0.501
            assert found.sums[0, 0, group] == sum(map(int, codes[group]))


def test_a_word_is_peeked_with_its_offset() -> None:
    parts = Parts()
    parts.registers[3] = 5
    parts.vectors.words.view(np.uint32)[16 * 12 + 2] = 0xFFC00001
    assert read_word(parts.vectors, VectorView(7, 3), parts.registers, 2) == 0xFFC00001
