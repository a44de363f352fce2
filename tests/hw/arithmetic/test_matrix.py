"""The matrix unit against one scalar at a time, in the documented order."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wingbeat.hw.arithmetic.half import decode_half, encode_half
from wingbeat.hw.arithmetic.matrix import multiply
from wingbeat.hw.arithmetic.quantise import QUIET_LIMIT, Quantised, quantise
from wingbeat.hw.formats import ScaleKind, WeightFormat

FORMATS = [
    WeightFormat(bits, scale=kind)
    for bits in range(2, 9)
    for kind in ScaleKind
    if not (bits == 8 and kind is ScaleKind.SCALE_MIN)
]
TINY = 2.0**-126


class Weights:
    """Random codes, scales and minima of a format, as `Unpacked` holds them."""

    def __init__(self, fmt: WeightFormat, groups: int, rows: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        low, high = fmt.code_range
        self.codes = rng.integers(low, high + 1, (groups, 32, rows)).astype(np.int8)
        halves = rng.integers(0, 1 << 16, (2, groups, rows)).astype(np.uint16)
        scaled, offset = fmt.scale is not ScaleKind.NONE, fmt.scale is ScaleKind.SCALE_MIN
        self.scales = decode_half(halves[0]) if scaled else None
        self.minima = decode_half(halves[1]) if offset else None

    def times(self, operand: Quantised, strands: int) -> npt.NDArray[np.float32]:
        codes, scales, sums = operand.codes, operand.scales, operand.sums
        codes = np.ascontiguousarray(codes.transpose(1, 0, 2))
        return multiply(self.codes, self.scales, self.minima, codes, scales.T, sums.T, strands)


def scalar(weights: Weights, operand: Quantised, strands: int) -> npt.NDArray[np.float32]:
    """The module's five lines, with Python integers and single FP32 roundings."""
    groups, _, rows = weights.codes.shape
    vectors = len(operand.codes)
    result = np.zeros((vectors, rows), np.float32)
    for v, r in np.ndindex(vectors, rows):
        acc = [np.float32(0)] * strands
        for g in range(groups):
            pairs = zip(weights.codes[g, :, r].tolist(), operand.codes[v, g].tolist(), strict=True)
            integer = sum(a * b for a, b in pairs)
            t = np.float32(integer)
            if weights.scales is not None:
                t = np.float32(float(weights.scales[g, r]) * integer)  # exact in float64
            if weights.minima is not None:
                product = float(weights.minima[g, r]) * sum(operand.codes[v, g].tolist())
                assert np.float32(product) == product
                t = t + np.float32(product)
            p = np.float32(float(t) * float(operand.scales[v, g]))
            acc[g % strands] = acc[g % strands] + p
        if strands == 8:
            acc = [acc[i] + acc[i + 4] for i in range(4)]
        if strands >= 4:
            acc = [acc[0] + acc[2], acc[1] + acc[3]]
        result[v, r] = acc[0] + acc[1] if strands > 1 else acc[0]
    return result


def vectors_of(seed: int, vectors: int, groups: int, spread: float = 3) -> Quantised:
    rng = np.random.default_rng(seed)
    size = (vectors, groups * 32)
    values = rng.normal(size=size) * np.exp2(rng.uniform(-spread, spread, size))
    return quantise(values.astype(np.float32), 32)


def same_bits(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(a.view(np.uint32), b.view(np.uint32))


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("strands", [1, 2, 4, 8])
def test_equals_the_scalar_definition_bit_for_bit(fmt: WeightFormat, strands: int) -> None:
    weights = Weights(fmt, groups=19, rows=3, seed=fmt.bits)
    operand = vectors_of(strands, 2, 19)
    same_bits(weights.times(operand, strands), scalar(weights, operand, strands))


def test_blocks_of_many_rows_do_not_change_a_bit() -> None:
    """One block holds a few groups of a large product, but all of a small one."""
    weights = Weights(FORMATS[2], groups=21, rows=3000, seed=1)
    operand = vectors_of(1, 7, 21)
    whole = weights.times(operand, 4)
    for start in (0, 1500, 2999):
        few = Weights(FORMATS[2], 21, 3000, 1)
        rows = slice(start, start + 1)
        few.codes = few.codes[:, :, rows]
        few.scales = None if few.scales is None else few.scales[:, rows]
        few.minima = None if few.minima is None else few.minima[:, rows]
        same_bits(few.times(operand, 4), np.ascontiguousarray(whole[:, rows]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(FORMATS), st.sampled_from([1, 2, 4, 8]))
def test_no_subnormal_ever_arises(seed: int, fmt: WeightFormat, strands: int) -> None:
    """Smallest scales meet largest, the codes' results cancel almost or wholly."""
    rng = np.random.default_rng(seed)
    weights = Weights(fmt, groups=6, rows=4, seed=seed)
    extremes = np.array([0, 1, 2, 3, 0x3FF, 0x400, 0x7BFF, 0x7FFF, 0xFFFF, 0x8001], np.uint16)
    if weights.scales is not None:
        weights.scales = decode_half(rng.choice(extremes, (6, 4)))
    if weights.minima is not None:
        weights.minima = decode_half(rng.choice(extremes, (6, 4)))
    values = rng.choice([-1, 0, 1], (2, 6 * 32)) * rng.uniform(1, 2, (2, 6 * 32))
    operand = quantise((values * float(QUIET_LIMIT)).astype(np.float32), 32)
    # each step of the definition, before it is rounded
    for v, r, g in np.ndindex(2, 4, 6):
        integer = int(weights.codes[g, :, r].astype(int) @ operand.codes[v, g].astype(int))
        scale = 1.0 if weights.scales is None else float(weights.scales[g, r])
        minimum = 0.0 if weights.minima is None else float(weights.minima[g, r])
        u = float(np.float32(scale * integer))
        t = float(np.float32(u + minimum * int(operand.sums[v, g])))
        exact = t * float(operand.scales[v, g])
        for step in (u, t, exact):
            assert step == 0 or abs(step) >= TINY
        assert float(np.float32(exact)) % 2.0**-114 == 0
    result = weights.times(operand, strands)
    assert ((result == 0) | (np.abs(result) >= TINY)).all()


def test_the_smallest_product_is_on_the_grid_of_the_quiet_limit() -> None:
    operand = quantise(np.full((1, 32), QUIET_LIMIT, np.float32), 32)
    assert float(operand.scales[0, 0]) % 2.0**-77 == 0  # 11 bits from 2**-67 down
    assert float(operand.scales[0, 0]) >= 2.0**-67


@pytest.mark.parametrize("strands", [1, 2, 4, 8])
@pytest.mark.parametrize("fmt", [FORMATS[1], FORMATS[7], FORMATS[18]], ids=lambda fmt: fmt.name)
def test_zero_groups_behind_the_end_change_no_bits(fmt: WeightFormat, strands: int) -> None:
    weights = Weights(fmt, groups=16, rows=4, seed=3)
    operand = vectors_of(4, 3, 16)
    quiet = Quantised(operand.codes.copy(), operand.scales.copy(), operand.sums.copy())
    quiet.codes[:, 9:], quiet.scales[:, 9:], quiet.sums[:, 9:] = 0, 0, 0
    longer = weights.times(quiet, strands)
    head = Quantised(operand.codes[:, :9], operand.scales[:, :9], operand.sums[:, :9])
    weights.codes = weights.codes[:9]
    weights.scales = None if weights.scales is None else weights.scales[:9]
    weights.minima = None if weights.minima is None else weights.minima[:9]
    same_bits(longer, weights.times(head, strands))


@given(st.integers(1, 6))
@settings(max_examples=6, deadline=None)
def test_vectors_do_not_depend_on_their_company(cut: int) -> None:
    weights = Weights(FORMATS[7], groups=5, rows=8, seed=9)
    q = vectors_of(5, 7, 5)
    whole = weights.times(q, 2)
    parts = [
        weights.times(Quantised(q.codes[part], q.scales[part], q.sums[part]), 2)
        for part in (slice(None, cut), slice(cut, None))
    ]
    same_bits(np.concatenate(parts), whole)


def test_the_largest_group_is_an_exact_integer() -> None:
    weights = np.full((1, 32, 1), 127, np.int8)
    codes = np.full((1, 1, 32), 127, np.int8)
    one, total = np.ones((1, 1), np.float32), np.full((1, 1), 32 * 127, np.int16)
    assert multiply(weights, None, None, codes, one, total, 1) == 32 * 127 * 127


def test_every_half_decodes_to_a_finite_number_that_is_normal_or_zero() -> None:
    bits = np.arange(1 << 16).astype(np.uint16)
    for number, value in zip(bits.tolist(), decode_half(bits).tolist(), strict=True):
        exponent, fraction = number >> 10 & 31, number & 1023
        magnitude = (1024 * (exponent > 0) + fraction) * 2.0 ** (max(exponent, 1) - 25)
        assert value == (-magnitude if number >> 15 else magnitude)


def test_scales_survive_as_halves_and_are_limited() -> None:
    bits = np.arange(0x7C00).astype(np.uint16)
    np.testing.assert_array_equal(encode_half(decode_half(bits)), bits)
    extremes = np.array([np.nan, np.inf, 1e9, 65519.9, 65520], np.float32)
    assert encode_half(extremes).tolist() == [0, 0x7BFF, 0x7BFF, 0x7BFF, 0x7BFF]
