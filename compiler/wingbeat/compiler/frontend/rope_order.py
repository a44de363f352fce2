"""The order of the rows of query and key projections, which the rotary embedding pairs up.

Rotary position embedding turns pairs of elements of a head. GGUF stores Llama models for turning
*adjacent* elements (0,1), (2,3), ...: row 2 * i + h of a head in the file is row
i + h * head_dim / 2 of the model as it was published, which turns elements half a head apart
(Hugging Face's `rotate_half`). Only rows move, so stored blocks can be moved as they are.
Source: `LlamaModel.permute` in convert_hf_to_gguf.py of https://github.com/ggml-org/llama.cpp.
"""

from __future__ import annotations

import dataclasses

from wingbeat.compiler.frontend.checkpoint import StoredTensor
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.hw.errors import ModelError


def to_half_split(tensor: StoredTensor, heads: int) -> StoredTensor:
    """Return a query or key projection with pair i at rows i and i + head_dim / 2 of each head.

    Parameters
    ----------
    tensor : (heads * head_dim, columns), rows in GGUF's order
    heads : query heads, or key heads of a key projection

    Raises
    ------
    ModelError
        When the rows are no even number for each head.
    """
    rows, row_bytes = tensor.data.shape
    if rows % (2 * heads):
        raise ModelError(
            f"rows of tensor {quoted(tensor.name)} must be an even number for each of {heads} "
            f"heads, not {rows}"
        )
    pairs = tensor.data.reshape(heads, rows // heads // 2, 2, row_bytes)
    return dataclasses.replace(tensor, data=pairs.swapaxes(1, 2).reshape(rows, row_bytes))
