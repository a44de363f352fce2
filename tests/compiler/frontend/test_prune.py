import numpy as np
import pytest

from wingbeat.compiler.frontend.prune import patterns, prune
from wingbeat.compiler.frontend.requantise import requantise
from wingbeat.hw.arithmetic.half import decode_half
from wingbeat.hw.formats import WINDOW, CodedMatrix, WeightFormat

SPARSE = WeightFormat.parse("int4g32s")


def dense(name: str, rows: int = 6, columns: int = 64) -> CodedMatrix:
    """A random matrix of signed codes."""
    weights, rng = WeightFormat.parse(name), np.random.default_rng(rows)
    low, high = weights.code_range
    codes = rng.integers(low, high + 1, (rows, columns)).astype(np.int8)
    scales = rng.uniform(0.5, 2, (rows, columns // weights.group)).astype(np.float16)
    return CodedMatrix(weights, codes, scales.view(np.uint16))


def test_the_largest_sums_of_a_pair_stay() -> None:
    values = np.zeros((2, 32), np.float32)
    values[0, [3, 5]] = 4, -1
    values[1, [5, 9]] = 4, 3
    values[1, [16, 31]] = -2, 1
    # 5 (1 + 4) is before 3 (4), and that before 9 (3)
    assert patterns(values, 2)[0].tolist() == [1 << 3 | 1 << 5, 1 << 0 | 1 << 15]


def test_the_first_of_equals_stay() -> None:
    assert patterns(np.ones((2, 16), np.float32), 4)[0, 0] == 0xF


@pytest.mark.parametrize("kept", [2, 4, 8])
@pytest.mark.parametrize("rows", [6, 7])
def test_a_pattern_keeps_n_and_no_other_n_would_keep_more(kept: int, rows: int) -> None:
    matrix = dense("int8g32", rows)
    pruned = prune(matrix, WeightFormat.parse("int8g32s"), kept)
    assert pruned.masks is not None
    values = np.pad(np.abs(matrix.values()), ((0, rows % 2), (0, 0))).astype(np.float64)
    sums = values.reshape(-1, 2, 64).sum(axis=1).reshape(-1, WINDOW)
    best = np.sort(sums, axis=1)[:, -kept:].sum()
    chosen = np.unpackbits(pruned.masks.view(np.uint8), bitorder="little").reshape(-1, WINDOW)
    assert (chosen.sum(axis=1) == kept).all()
    assert (sums * chosen).sum() == pytest.approx(best)
    outside = ~np.repeat(chosen.reshape(-1, 64).astype(bool), 2, axis=0)[:rows]
    assert not pruned.codes[outside].any()


@pytest.mark.parametrize("name", ["int4g32", "int3g32"])
def test_codes_that_the_format_holds_stay_as_they_are(name: str) -> None:
    matrix = dense(name)
    pruned = prune(matrix, SPARSE, 8)
    kept = pruned.codes != 0
    assert np.array_equal(pruned.codes[kept], matrix.codes[kept])
    assert pruned.scales is not None and matrix.scales is not None
    assert np.array_equal(pruned.scales, matrix.scales)


@pytest.mark.parametrize("name", ["int8g32", "int4g64"])
def test_other_codes_are_rounded_anew_for_what_is_kept(name: str) -> None:
    """The scale is that of the largest weight that stays, although larger ones may have gone."""
    matrix = dense(name)
    pruned = prune(matrix, SPARSE, 2)
    chosen = pruned.codes != 0
    codes, scales = requantise(np.where(chosen, matrix.values(), np.float32(0)), SPARSE)
    assert np.array_equal(pruned.codes, codes)
    assert pruned.scales is not None
    assert np.array_equal(pruned.scales, scales)
    change = np.abs(pruned.values() - matrix.values())[chosen]
    steps = np.repeat(decode_half(pruned.scales), 32, axis=1)[chosen]
    assert (change <= steps * 0.50001).all()
