"""From a stored matrix to its coded form: unchanged where the hardware reads it, else int8.

Q4_0, Q4_1 and Q8_0 keep their codes and scales. Every other type that `gguf` can decode becomes
FP32 and is rounded to int8 in groups of 32; what that changes is measured and reported.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from gguf.constants import GGMLQuantizationType
from gguf.quants import dequantize

from wingbeat.compiler.frontend.blocks import take_q4_0, take_q4_1, take_q8_0
from wingbeat.compiler.frontend.checkpoint import StoredTensor
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.compiler.frontend.requantise import largest_weight, requantise
from wingbeat.hw.errors import ModelError
from wingbeat.hw.formats import GROUP, Q4_0, Q4_1, Q8_0, CodedMatrix, WeightFormat

CHUNK = 1 << 20
"""Weights decoded at a time; decoding and rounding take at most 17 bytes for each (measured)."""


UNCHANGED = {
    GGMLQuantizationType.Q4_0: Q4_0,
    GGMLQuantizationType.Q4_1: Q4_1,
    GGMLQuantizationType.Q8_0: Q8_0,
}
"""Stored types whose codes the decode units read as they are."""


@dataclasses.dataclass(frozen=True)
class RepackReport:
    """What conversion has done to the weights of one matrix.

    Attributes
    ----------
    name : GGUF name of the tensor
    kind : GGML's name of the type it was stored in
    format : name of the weight format it has now
    relative_rms : root of the sum of squared changes over the sum of squared weights; 0 for
        codes that run unchanged
    largest_change : largest magnitude of a change, in the units of the weights
    clamped : stored codes of -128 that became -127; not part of the two figures before
    """

    name: str
    kind: str
    format: str
    relative_rms: float = 0.0
    largest_change: float = 0.0
    clamped: int = 0

    @property
    def exact(self) -> bool:
        """The weights are those of the file."""
        return self.relative_rms == 0 and self.clamped == 0


def matrix_format(tensor: StoredTensor) -> WeightFormat:
    """Return the format that `read_matrix` gives a stored matrix, without converting it."""
    return UNCHANGED.get(tensor.kind, Q8_0)


def read_matrix(tensor: StoredTensor) -> tuple[CodedMatrix, RepackReport]:
    """Convert one stored matrix.

    Returns
    -------
    matrix : codes (rows, columns) as `wingbeat.hw.formats` defines them
    report : what was changed on the way

    Raises
    ------
    ModelError
        When the tensor is no matrix, its columns are no multiple of 32, its type cannot be
        decoded, or a weight or scale is not finite or too large.
    """
    if len(tensor.shape) != 2:
        raise ModelError(
            f"tensor {quoted(tensor.name)} must be a matrix, not of shape {tensor.shape}"
        )
    clamped = 0
    if tensor.kind == GGMLQuantizationType.Q4_0:
        matrix = take_q4_0(tensor)
    elif tensor.kind == GGMLQuantizationType.Q4_1:
        matrix = take_q4_1(tensor)
    elif tensor.kind == GGMLQuantizationType.Q8_0:
        matrix, clamped = take_q8_0(tensor)
    else:
        return _repack(tensor)
    return matrix, RepackReport(tensor.name, tensor.kind.name, matrix.format.name, clamped=clamped)


def _repack(tensor: StoredTensor) -> tuple[CodedMatrix, RepackReport]:
    rows, columns = tensor.shape
    if columns % GROUP:
        raise ModelError(
            f"columns of tensor {quoted(tensor.name)} must be a multiple of {GROUP}, not {columns}"
        )
    codes = np.empty((rows, columns), np.int8)
    scales = np.empty((rows, columns // GROUP), np.uint16)
    squared_change = squared = largest_change = 0.0
    step = max(1, CHUNK // columns)
    for start in range(0, rows, step):
        part = slice(start, start + step)
        values = _decode(tensor, part)
        codes[part], scales[part] = requantise(values)
        change = CodedMatrix(Q8_0, codes[part], scales[part]).values() - values
        squared_change += float(np.sum(np.square(change, dtype=np.float64)))
        squared += float(np.sum(np.square(values, dtype=np.float64)))
        largest_change = max(largest_change, float(np.abs(change).max()))
    report = RepackReport(
        tensor.name,
        tensor.kind.name,
        Q8_0.name,
        relative_rms=math.sqrt(squared_change / squared) if squared else 0.0,
        largest_change=largest_change,
    )
    return CodedMatrix(Q8_0, codes, scales), report


def _decode(tensor: StoredTensor, rows: slice) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Decode some rows to FP32 and check that they can be rounded to int8."""
    try:
        # damaged scales overflow or are NaN, which the check below reports better than a warning
        with np.errstate(all="ignore"):
            values: np.ndarray[tuple[int, int], np.dtype[np.float32]] = dequantize(
                tensor.data[rows], tensor.kind
            )
    except NotImplementedError:
        raise ModelError(
            f"tensor {quoted(tensor.name)} is stored as {tensor.kind.name}, which must be decoded "
            f"by `gguf` and is not"
        ) from None
    limit = largest_weight(Q8_0)
    fits = np.abs(values) <= limit  # a NaN compares false
    if not fits.all():
        row, column = np.unravel_index(int(fits.argmin()), fits.shape)
        raise ModelError(
            f"every weight of tensor {quoted(tensor.name)} must be a number of magnitude "
            f"{limit:g} at most, and that of row {rows.start + row}, column {column} is "
            f"{values[row, column]}"
        )
    return values
