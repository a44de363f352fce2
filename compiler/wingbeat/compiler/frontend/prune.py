"""Pruning to N of every 16 columns: magnitude alone decides, and nothing is trained afterwards.

The two rows of a pair share a DSP slice and therefore a pattern. Of each window of 16 columns, the
N stay whose magnitudes, summed over both rows, are largest; of equals the first.

Without fine-tuning this costs quality, and much of it: see docs/architecture.md, "Sparse weights".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wingbeat.compiler.frontend.requantise import requantise
from wingbeat.hw.formats import WINDOW, CodedMatrix, ScaleKind, WeightFormat


def prune(matrix: CodedMatrix, weights: WeightFormat, kept: int) -> CodedMatrix:
    """Keep `kept` of 16 weights, in a sparse format.

    Parameters
    ----------
    matrix : dense, of finite weights
    weights : sparse, of signed codes; if it holds those of the matrix, they stay as they are, else
        what is kept is rounded anew
    kept : N, 1 to 15
    """
    values = matrix.values()
    masks = patterns(values, kept)
    chosen = _columns(masks, len(values))
    if _holds(weights, matrix.format):
        codes = np.where(chosen, matrix.codes, np.int8(0))
        scales = matrix.scales
    else:
        codes, scales = requantise(np.where(chosen, values, np.float32(0)), weights)
    return CodedMatrix(weights, codes, scales, masks=masks)


def patterns(values: npt.NDArray[np.float32], kept: int) -> npt.NDArray[np.uint16]:
    """Return the pattern of each row pair and window: uint16 (rows / 2, columns / 16)."""
    rows, columns = values.shape
    magnitudes = np.pad(np.abs(values), ((0, rows % 2), (0, 0)))
    sums = magnitudes.reshape(-1, 2, columns // WINDOW, WINDOW).sum(axis=1)
    # stable: the first of equals
    best = np.argsort(-sums, axis=2, kind="stable")[..., :kept]
    masks: npt.NDArray[np.uint16] = (1 << best).sum(axis=2).astype(np.uint16)
    return masks


def _columns(masks: npt.NDArray[np.uint16], rows: int) -> npt.NDArray[np.bool_]:
    """Spread patterns over the rows: bool (rows, columns)."""
    bits = (masks[..., None] >> np.arange(WINDOW, dtype=np.uint16) & 1).astype(bool)
    return np.repeat(bits.reshape(len(masks), -1), 2, axis=0)[:rows]


def _holds(weights: WeightFormat, dense: WeightFormat) -> bool:
    """Return whether a sparse format's codes and scales can be those of a dense one."""
    return (
        dense.scale is ScaleKind.SCALE
        and dense.group == weights.group
        and dense.bits <= weights.bits
    )
