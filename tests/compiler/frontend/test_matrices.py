import re

import numpy as np
import numpy.typing as npt
import pytest
from gguf import GGMLQuantizationType
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize, quantize
from hypothesis import given, settings
from hypothesis import strategies as st

from wingbeat.compiler.frontend import matrices
from wingbeat.compiler.frontend.checkpoint import StoredTensor
from wingbeat.compiler.frontend.matrices import read_matrix
from wingbeat.hw.errors import ModelError
from wingbeat.hw.formats import Q4_0, Q4_1, Q8_0

K = GGMLQuantizationType
UNCHANGED = {K.Q4_0: Q4_0, K.Q4_1: Q4_1, K.Q8_0: Q8_0}


def random_blocks(kind: GGMLQuantizationType, rows: int, blocks: int, seed: int) -> StoredTensor:
    """Random bytes in every field, but the exponents of the halves in front small enough."""
    size, block_bytes = GGML_QUANT_SIZES[kind]
    data = np.random.default_rng(seed).integers(0, 256, (rows, blocks, block_bytes), np.uint8)
    data[:, :, 1] &= 0xBF
    if kind == K.Q4_1:
        data[:, :, 3] &= 0xBF
    return StoredTensor("m", (rows, blocks * size), kind, data.reshape(rows, -1))


def encoded(values: npt.NDArray[np.float32], kind: GGMLQuantizationType) -> StoredTensor:
    raw = quantize(values, kind).view(np.uint8).reshape(values.shape[0], -1)
    return StoredTensor("m", values.shape, kind, raw)


@settings(max_examples=40)
@given(
    kind=st.sampled_from(list(UNCHANGED)),
    rows=st.integers(1, 5),
    blocks=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_unchanged_formats_mean_what_the_reference_decodes(
    kind: GGMLQuantizationType, rows: int, blocks: int, seed: int
) -> None:
    tensor = random_blocks(kind, rows, blocks, seed)
    if kind == K.Q8_0:
        codes = tensor.data.reshape(rows, blocks, 34)[:, :, 2:]
        codes[codes == 128] = 129
    matrix, report = read_matrix(tensor)
    assert matrix.format == UNCHANGED[kind]
    low, high = (int(matrix.codes.min()), int(matrix.codes.max()))
    assert matrix.format.code_range[0] <= low <= high <= matrix.format.code_range[1]
    assert np.array_equal(matrix.values(), dequantize(tensor.data, kind))
    assert report.exact
    assert (report.name, report.kind, report.format) == ("m", kind.name, matrix.format.name)


def test_lowest_code_of_q8_0_is_clamped_and_counted() -> None:
    tensor = random_blocks(K.Q8_0, 3, 2, seed=1)
    tensor.data[:, 2:7] = 128
    before = tensor.data.copy()
    matrix, report = read_matrix(tensor)
    assert (matrix.codes[:, :5] == -127).all()
    assert report.clamped >= 15
    assert not report.exact
    assert np.array_equal(tensor.data, before)


@pytest.mark.parametrize("kind", [K.F32, K.F16, K.BF16, K.Q5_0, K.Q5_1])
def test_other_types_are_rounded_and_reported(kind: GGMLQuantizationType) -> None:
    tensor = encoded(np.random.default_rng(5).standard_normal((7, 96)).astype(np.float32), kind)
    matrix, report = read_matrix(tensor)
    weights = dequantize(tensor.data, kind).astype(np.float64)
    change = matrix.values() - weights
    steps = np.repeat(np.abs(weights).reshape(7, 3, 32).max(axis=2) / 127, 32, axis=1)
    assert (np.abs(change) <= 0.501 * steps).all()
    assert report.relative_rms == pytest.approx(
        np.sqrt(np.square(change).sum() / np.square(weights).sum())
    )
    assert report.largest_change == pytest.approx(np.abs(change).max())
    assert 0 < report.relative_rms < 0.01
    assert (report.kind, report.format, report.exact) == (kind.name, "int8g32", False)


@pytest.mark.parametrize("kind", [K.Q2_K, K.Q3_K, K.Q4_K, K.Q5_K, K.Q6_K, K.IQ4_XS, K.IQ2_S])
def test_super_blocks_decode(kind: GGMLQuantizationType) -> None:
    size, block_bytes = GGML_QUANT_SIZES[kind]
    tensor = StoredTensor("m", (4, size), kind, np.full((4, block_bytes), 0x21, np.uint8))
    matrix, report = read_matrix(tensor)
    assert matrix.shape == (4, size)
    assert report.relative_rms < 0.01


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    tensor = encoded(np.random.default_rng(6).standard_normal((50, 64)).astype(np.float32), K.F16)
    whole, report = read_matrix(tensor)
    monkeypatch.setattr(matrices, "CHUNK", 64 * 7)
    parts, report_of_parts = read_matrix(tensor)
    assert np.array_equal(whole.codes, parts.codes)
    assert np.array_equal(whole.values(), parts.values())
    assert report.relative_rms == pytest.approx(report_of_parts.relative_rms)
    assert report.largest_change == report_of_parts.largest_change


def test_matrix_of_zeros() -> None:
    matrix, report = read_matrix(encoded(np.zeros((2, 32), np.float32), K.F32))
    assert not matrix.values().any()
    assert report.exact


def half(value: float) -> list[int]:
    return list(np.float16(value).tobytes())


@pytest.mark.parametrize(
    ("kind", "at", "sentence"),
    [
        (K.Q4_0, 0, "every scale of tensor `m` must be finite, and that of row 1, block 2 is"),
        (K.Q4_1, 0, "every scale of tensor `m` must be finite, and that of row 1, block 2 is"),
        (K.Q4_1, 2, "every minimum of tensor `m` must be finite, and that of row 1, block 2 is"),
        (K.Q8_0, 0, "every scale of tensor `m` must be finite, and that of row 1, block 2 is"),
        (K.Q5_1, 0, "every weight of tensor `m` must be a number of magnitude 8.31901e+06 at"),
    ],
)
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_refuses_scales_that_are_not_finite(
    kind: GGMLQuantizationType, at: int, sentence: str, value: float
) -> None:
    tensor = random_blocks(kind, 3, 4, seed=2)
    if kind == K.Q5_1:
        tensor.data[:] = 0
    block_bytes = GGML_QUANT_SIZES[kind][1]
    tensor.data[1, 2 * block_bytes + at : 2 * block_bytes + at + 2] = half(value)
    with pytest.raises(ModelError, match=re.escape(sentence)):
        read_matrix(tensor)


def test_refuses_weights_too_large_for_a_half() -> None:
    values = np.ones((2, 32), np.float32)
    values[1, 3] = -8.4e6
    with pytest.raises(ModelError, match=r"that of row 1, column 3 is -8400000"):
        read_matrix(encoded(values, K.F32))
    values[1, 3] = -127 * 65504
    matrix, _ = read_matrix(encoded(values, K.F32))
    assert matrix.codes[1, 3] == -127


@pytest.mark.parametrize(
    ("shape", "kind", "sentence"),
    [
        ((32,), K.F32, "tensor `m` must be a matrix, not of shape (32,)"),
        ((2, 2, 32), K.F32, "tensor `m` must be a matrix, not of shape (2, 2, 32)"),
        ((2, 48), K.F32, "columns of tensor `m` must be a multiple of 32, not 48"),
        ((2, 32), K.I8, "tensor `m` is stored as I8, which must be decoded by `gguf` and is not"),
        ((2, 256), K.Q8_K, "tensor `m` is stored as Q8_K, which must be decoded by `gguf`"),
    ],
)
def test_refuses(shape: tuple[int, ...], kind: GGMLQuantizationType, sentence: str) -> None:
    size, block_bytes = GGML_QUANT_SIZES[kind]
    rows = int(np.prod(shape[:-1]))
    data = np.zeros((rows, shape[-1] // size * block_bytes), np.uint8)
    with pytest.raises(ModelError, match=re.escape(sentence)):
        read_matrix(StoredTensor("m", shape, kind, data))


@pytest.mark.parametrize("kind", list(GGML_QUANT_SIZES))
def test_random_bytes_never_leak_another_exception(kind: GGMLQuantizationType) -> None:
    size, block_bytes = GGML_QUANT_SIZES[kind]
    columns = size * max(1, 32 // size)
    rng = np.random.default_rng(int(kind))
    for _ in range(5):
        data = rng.integers(0, 256, (2, columns // size * block_bytes), np.uint8)
        try:
            matrix, _ = read_matrix(StoredTensor("m", (2, columns), kind, data))
        except ModelError:
            continue
        assert np.isfinite(matrix.values()).all()
