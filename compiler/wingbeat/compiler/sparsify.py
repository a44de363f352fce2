"""Sparse weights: which matrices are pruned, to which format, and what that changes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from wingbeat.boards.board import Board
from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import layer_shapes
from wingbeat.compiler.frontend.matrices import RepackReport
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.compiler.frontend.prune import prune
from wingbeat.compiler.frontend.requantise import largest_weight
from wingbeat.hw.errors import CompileError, ModelError
from wingbeat.hw.formats import SPARSE_COUNTS, WINDOW, CodedMatrix, ScaleKind, WeightFormat

PRUNED_COUNTS = tuple(count for count in SPARSE_COUNTS if count < WINDOW)
"""Weights of 16 that may be kept."""


def sparse_formats(
    parameters: LlamaParameters, formats: Mapping[str, WeightFormat], board: Board, kept: int
) -> dict[str, WeightFormat]:
    """Return the formats with sparse ones for the matrices of the layers.

    Head and embedding stay dense: rows of the embedding are gathered one by one.

    Raises
    ------
    CompileError
        If N is none that exists, or the board's accelerator decodes no format that would do.
    """
    if kept not in PRUNED_COUNTS:
        allowed = ", ".join(map(str, PRUNED_COUNTS))
        raise CompileError(f"N of N:16 sparse weights must be one of {allowed}, not {kept}")
    found = dict(formats)
    for layer in range(parameters.layers):
        for name, shape in layer_shapes(parameters, layer).items():
            if len(shape) == 2:
                found[name] = _choose(name, shape[1], formats[name], board)
    return found


def _choose(name: str, columns: int, dense: WeightFormat, board: Board) -> WeightFormat:
    """The fewest bits that lose nothing of the file's codes, else the most; then small groups.

    Codes must be signed: where one with a minimum is left out, its weight is the minimum, not 0.
    """
    usable = [
        weights
        for weights in board.accelerator.weight_formats
        if weights.sparse and weights.scale is ScaleKind.SCALE and columns % weights.group == 0
    ]
    if not usable:
        raise CompileError(
            f"`formats` of board {board.name} must have a sparse one of signed codes, such as "
            f"int4g32s, for the {columns} columns of `{name}`, "
            f"not only {', '.join(board.accelerator.formats)}"
        )
    return min(usable, key=lambda w: (w.bits < dense.bits, abs(w.bits - dense.bits), w.group))


def sparsify(
    matrix: CodedMatrix, report: RepackReport, weights: WeightFormat, kept: int
) -> tuple[CodedMatrix, RepackReport]:
    """Prune a matrix as it was read.

    Returns
    -------
    The sparse matrix, and the report with the change that pruning makes to the weights as read.

    Raises
    ------
    ModelError
        If a weight is too large for the format.
    """
    values = matrix.values()
    largest = float(np.abs(values).max())
    if largest > largest_weight(weights):
        raise ModelError(
            f"every weight of tensor {quoted(report.name)} must be of magnitude "
            f"{largest_weight(weights):g} at most to become {weights.name}, not {largest:g}"
        )
    pruned = prune(matrix, weights, kept)
    change = pruned.values() - values
    squared = float(np.sum(np.square(values, dtype=np.float64)))
    squared_change = float(np.sum(np.square(change, dtype=np.float64)))
    return pruned, dataclasses.replace(
        report,
        format=f"{weights.name} {kept}:{WINDOW}",
        relative_rms=math.sqrt(squared_change / squared) if squared else 0.0,
        largest_change=float(np.abs(change).max()),
    )
