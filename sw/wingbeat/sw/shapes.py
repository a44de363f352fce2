"""Models without weights: enough to generate their program and to estimate their speed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from wingbeat.boards.board import Board
from wingbeat.compiler.driver import fit
from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import tensor_shapes
from wingbeat.compiler.report import make_report
from wingbeat.compiler.sparsify import sparse_formats
from wingbeat.hw.errors import ModelError
from wingbeat.hw.formats import Q4_0, WINDOW, WeightFormat


@dataclass(frozen=True)
class Shape:
    """A published model: its numbers, and one format for all matrices."""

    parameters: LlamaParameters
    format: WeightFormat


SHAPES = {
    "llama2-7b": Shape(
        LlamaParameters(
            layers=32,
            hidden=4096,
            heads=32,
            kv_heads=32,
            head_dim=128,
            ffn=11008,
            vocabulary=32000,
            context=4096,
            rope_theta=10000.0,
            rope_divisors=(1.0,) * 64,
            rms_epsilon=1e-5,
            tied_head=False,
        ),
        Q4_0,
    )
}


def shape_report(
    name: str,
    board: Board,
    context: int | None = None,
    slots: int = 1,
    sparse: int | None = None,
) -> dict[str, Any]:
    """Generate the program of a shape, and return the compile report.

    The arguments are those of `compile_model`.

    Raises
    ------
    ModelError
        If there is no such shape.
    CompileError
        If it does not fit the board.
    """
    if name not in SHAPES:
        raise ModelError(f"shape must be one of {', '.join(SHAPES)}, not `{name}`")
    shape = SHAPES[name]
    begin = time.perf_counter()
    formats = {
        tensor: shape.format
        for tensor, size in tensor_shapes(shape.parameters).items()
        if len(size) == 2
    }
    kept = WINDOW
    if sparse is not None:
        formats, kept = sparse_formats(shape.parameters, formats, board, sparse), sparse
    generated, _ = fit(shape.parameters, formats, board, context, slots, kept)
    seconds = {"generate": time.perf_counter() - begin}
    return make_report(name, shape.parameters, board, generated, (), seconds, 0)
