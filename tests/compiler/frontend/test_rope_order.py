import numpy as np
import pytest
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize

from wingbeat.compiler.frontend.checkpoint import StoredTensor
from wingbeat.compiler.frontend.matrices import read_matrix
from wingbeat.compiler.frontend.rope_order import to_half_split
from wingbeat.hw.errors import ModelError

Q4_1 = GGMLQuantizationType.Q4_1


def test_undoes_the_permutation_of_the_converter() -> None:
    heads, head_dim, columns = 3, 8, 64
    published = np.random.default_rng(0).standard_normal((heads * head_dim, columns))
    # what llama.cpp's converter does to a published checkpoint
    permuted = published.reshape(heads, 2, head_dim // 2, columns).swapaxes(1, 2)
    raw = quantize(permuted.reshape(-1, columns).astype(np.float32), Q4_1)
    stored = StoredTensor("blk.0.attn_q.weight", published.shape, Q4_1, raw)
    matrix, report = read_matrix(to_half_split(stored, heads))
    expected = dequantize(quantize(published.astype(np.float32), Q4_1), Q4_1)
    assert np.array_equal(matrix.values(), expected)
    assert report.exact


def test_refuses_rows_that_do_not_pair() -> None:
    stored = StoredTensor("q", (6, 32), Q4_1, np.zeros((6, 20), np.uint8))
    with pytest.raises(
        ModelError, match="rows of tensor `q` must be an even number for each of 2 heads, not 6"
    ):
        to_half_split(stored, heads=2)
