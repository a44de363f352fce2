"""Vectors of a model (norm weights, RoPE factors): unchanged in FP32."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from gguf.constants import GGMLQuantizationType

from wingbeat.compiler.frontend.checkpoint import StoredTensor
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.hw.errors import ModelError


def read_vector(tensor: StoredTensor) -> npt.NDArray[np.float32]:
    """Return the elements of a vector stored as F32, F16 or BF16, all exact in FP32.

    Returns
    -------
    float32 (elements,), finite

    Raises
    ------
    ModelError
        When the tensor is no vector, is stored in another type, or holds an infinity or a NaN.
    """
    what = f"tensor {quoted(tensor.name)}"
    if len(tensor.shape) != 1:
        raise ModelError(f"{what} must be a vector, not of shape {tensor.shape}")
    values: npt.NDArray[np.float32]
    if tensor.kind == GGMLQuantizationType.F32:
        values = tensor.data[0].view("<f4").astype(np.float32)
    elif tensor.kind == GGMLQuantizationType.F16:
        values = tensor.data[0].view("<f2").astype(np.float32)
    elif tensor.kind == GGMLQuantizationType.BF16:
        # BF16 is the upper half of FP32
        values = (tensor.data[0].view("<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        raise ModelError(f"{what} is a vector and must be F32, F16 or BF16, not {tensor.kind.name}")
    if not np.isfinite(values).all():
        index = int(np.argmin(np.isfinite(values)))
        raise ModelError(f"{what} must be finite, and its element {index} is {values[index]}")
    return values
