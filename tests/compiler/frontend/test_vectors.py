import numpy as np
import pytest
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize

from wingbeat.compiler.frontend.checkpoint import StoredTensor
from wingbeat.compiler.frontend.vectors import read_vector
from wingbeat.hw.errors import ModelError

K = GGMLQuantizationType


@pytest.mark.parametrize("kind", [K.F32, K.F16, K.BF16])
def test_equals_the_reference_decoder(kind: GGMLQuantizationType) -> None:
    raw = quantize(np.linspace(-3, 3, 50, dtype=np.float32), kind).view(np.uint8).reshape(1, -1)
    values = read_vector(StoredTensor("v", (50,), kind, raw))
    assert values.dtype == np.float32
    assert np.array_equal(values, dequantize(raw, kind)[0])


def test_refuses_quantised_vectors() -> None:
    with pytest.raises(ModelError, match=r"`v` is a vector and must be F32, F16 or BF16, not Q8_0"):
        read_vector(StoredTensor("v", (32,), K.Q8_0, np.zeros((1, 34), np.uint8)))
