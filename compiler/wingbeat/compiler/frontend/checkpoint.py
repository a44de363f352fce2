"""What a model file holds, once it has been checked: metadata and tensors, nothing converted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from gguf.constants import GGMLQuantizationType

from wingbeat.compiler.frontend.metadata import Metadata


@dataclasses.dataclass(frozen=True, eq=False)
class StoredTensor:
    """One tensor as it lies in the file.

    Attributes
    ----------
    name : GGUF name, such as `blk.0.attn_q.weight`
    shape : NumPy order, (columns,) for a vector, (rows, columns) for a matrix; GGUF stores the
        dimensions the other way round
    kind : how a block of consecutive columns is coded (GGML's tensor type)
    data : uint8 (rows, bytes a row), read-only; in a file this is a window of the memory map, and
        the operating system reads a page when it is first touched. `rows` is the product of all
        dimensions but the last, 1 for a vector.
    """

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    data: npt.NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, eq=False)
class Checkpoint:
    """A model file whose structure is sound; whether it is a *model* is for `read_llama`.

    Attributes
    ----------
    metadata : key to value, read-only
    tensors : name to tensor in the order of the file, read-only
    """

    metadata: Metadata
    tensors: Mapping[str, StoredTensor]
