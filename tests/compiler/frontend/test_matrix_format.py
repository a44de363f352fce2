import numpy as np
import pytest
from gguf import GGMLQuantizationType
from gguf.constants import GGML_QUANT_SIZES

from wingbeat.compiler.frontend.checkpoint import StoredTensor
from wingbeat.compiler.frontend.matrices import matrix_format, read_matrix

K = GGMLQuantizationType
NAMES = {K.Q4_0: "int4g32", K.Q4_1: "uint4g32", K.Q8_0: "int8g32"}


@pytest.mark.parametrize("kind", [*NAMES, K.F32, K.F16, K.BF16, K.Q5_0, K.Q5_1, K.Q4_K, K.Q6_K])
def test_the_format_is_known_before_a_matrix_is_read(kind: GGMLQuantizationType) -> None:
    size, block_bytes = GGML_QUANT_SIZES[kind]
    columns = max(size, 32)
    data = np.zeros((2, columns // size * block_bytes), np.uint8)
    tensor = StoredTensor("m", (2, columns), kind, data)
    assert matrix_format(tensor).name == NAMES.get(kind, "int8g32")
    assert matrix_format(tensor) == read_matrix(tensor)[0].format


def test_no_byte_of_the_matrix_is_looked_at() -> None:
    tensor = StoredTensor("m", (1 << 20, 1 << 20), K.Q4_1, np.zeros((0, 0), np.uint8))
    assert matrix_format(tensor).name == "uint4g32"
