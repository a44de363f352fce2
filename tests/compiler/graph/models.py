"""Graphs of small models, and random weights for them."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.compiler import small

from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import tensor_shapes
from wingbeat.compiler.graph import ir
from wingbeat.compiler.graph.llama import llama_graph
from wingbeat.hw.formats import Q4_0, Q8_0, WeightFormat

GROUPED = dataclasses.replace(
    small.LLAMA, heads=6, kv_heads=2, tied_head=False, rope_divisors=tuple(np.linspace(1, 2, 16))
)
"""Three query heads share a key/value head; positions are stretched; the head is its own."""


def formats(parameters: LlamaParameters) -> dict[str, WeightFormat]:
    """Q4_0 for every matrix, but Q8_0 for the embedding."""
    shapes = tensor_shapes(parameters)
    found = {name: Q4_0 for name, shape in shapes.items() if len(shape) == 2}
    return found | {"token_embd.weight": Q8_0}


def graph(parameters: LlamaParameters = small.LLAMA, context: int = 64) -> ir.Graph:
    """The graph as the front end states it."""
    return llama_graph(parameters, formats(parameters), context)


def changed(sound: ir.Graph, which: str, **changes: Any) -> ir.Graph:
    """A graph with one node changed."""
    nodes = tuple(
        dataclasses.replace(node, **changes) if node.name == which else node for node in sound.nodes
    )
    return dataclasses.replace(sound, nodes=nodes)


def weights(parameters: LlamaParameters, seed: int) -> dict[str, npt.NDArray[np.float32]]:
    """Random tensors with which the values neither grow nor vanish."""
    rng = np.random.default_rng(seed)
    return {
        name: (rng.standard_normal(shape) / np.sqrt(shape[-1] if len(shape) == 2 else 1)).astype(
            np.float32
        )
        for name, shape in tensor_shapes(parameters).items()
    }
