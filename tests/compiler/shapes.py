"""Published models as numbers, without weights."""

import dataclasses
import time
from functools import cache

from wingbeat.boards.board import load_board
from wingbeat.compiler.driver import fit
from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import tensor_shapes
from wingbeat.compiler.generate import Generated
from wingbeat.hw.formats import Q4_0, Q4_1, Q8_0, WeightFormat
from wingbeat.sw.shapes import SHAPES

LLAMA2_7B = SHAPES["llama2-7b"].parameters

SMOLLM2_135M = dataclasses.replace(
    LLAMA2_7B,
    layers=30,
    hidden=576,
    heads=9,
    kv_heads=3,
    head_dim=64,
    ffn=1536,
    vocabulary=49152,
    context=8192,
    rope_theta=1e5,
    rope_divisors=(1.0,) * 32,
    tied_head=True,
)


def formats(parameters: LlamaParameters) -> dict[str, WeightFormat]:
    """Q4_0, or Q4_1 with the embedding in Q8_0 where it is the head too."""
    tied = parameters.tied_head
    return {
        name: Q8_0 if tied and name == "token_embd.weight" else Q4_1 if tied else Q4_0
        for name, shape in tensor_shapes(parameters).items()
        if len(shape) == 2
    }


@cache
def timed(
    parameters: LlamaParameters, board: str, context: int | None = None
) -> tuple[Generated, float]:
    """The program of a shape for a board, and the processor seconds that it took."""
    start = time.process_time()
    made, _ = fit(parameters, formats(parameters), load_board(board), context, 1)
    return made, time.process_time() - start


def generated(parameters: LlamaParameters, board: str, context: int | None = None) -> Generated:
    """The program of a shape for a board."""
    return timed(parameters, board, context)[0]
