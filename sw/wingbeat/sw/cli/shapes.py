"""Models without weights: enough to plan, to generate a program and to estimate."""

from __future__ import annotations

import time
from typing import Any

from wingbeat.boards.board import Board
from wingbeat.compiler.driver import fit
from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import tensor_shapes
from wingbeat.compiler.report import make_report
from wingbeat.hw.errors import ModelError
from wingbeat.hw.formats import Q4_0

SHAPES = {
    "llama2-7b": LlamaParameters(
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
}


def report_shape(name: str, board: Board, context: int | None, slots: int) -> dict[str, Any]:
    """Return the compile report of a shape, all of its matrices in Q4_0.

    Raises
    ------
    ModelError, CompileError
        If there is no such shape, or it does not fit the board.
    """
    if name not in SHAPES:
        raise ModelError(f"shape must be {' or '.join(SHAPES)}, not `{name}`")
    parameters = SHAPES[name]
    formats = {t: Q4_0 for t, shape in tensor_shapes(parameters).items() if len(shape) == 2}
    begin = time.perf_counter()
    generated, _ = fit(parameters, formats, board, context, slots)
    seconds = {"generate": time.perf_counter() - begin}
    return make_report(name, parameters, board, generated, [], seconds, 0)
