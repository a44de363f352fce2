"""The float reference: evaluates a graph with plain FP32 arithmetic, for tolerance only.

Nothing is quantised but the weights themselves. What the accelerator's arithmetic costs in quality
is measured against this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.compiler.graph import ir

Float = npt.NDArray[np.float32]


class Reference:
    """Evaluates a graph from the first position on.

    Parameters
    ----------
    graph : legal graph, before or after any pass
    matrix : returns a matrix by name, float32 (rows, columns)
    vector : returns a vector by name, float32 (elements,)
    """

    def __init__(
        self,
        graph: ir.Graph,
        matrix: Callable[[str], Float],
        vector: Callable[[str], Float],
    ) -> None:
        self._graph = graph
        self._matrices = {name: matrix(name) for name in graph.matrices}
        self._vectors = {name: vector(name) for name in graph.vectors}

    def logits(self, tokens: npt.NDArray[np.int64]) -> Float:
        """Return the logits after each of `tokens`: float32 (tokens, vocabulary)."""
        values: dict[str, Float] = {}
        for node in self._graph.nodes:
            inputs = [values[name] for name in node.inputs]
            values[node.name] = self._evaluate(node, inputs, tokens)
        return values[self._graph.nodes[-1].name]

    def _evaluate(self, node: ir.Node, inputs: list[Float], tokens: npt.NDArray[np.int64]) -> Any:
        match node:
            case ir.Embedding():
                return self._matrices[node.matrix][tokens]
            case ir.RmsNorm():
                x = inputs[0]
                mean = np.mean(np.square(x), axis=1, keepdims=True)
                return x / np.sqrt(mean + np.float32(node.epsilon)) * self._vectors[node.vector]
            case ir.Linear() | ir.Head():
                return inputs[0] @ self._matrices[node.matrix].T
            case ir.Rope():
                return self._rotate(inputs[0], node.heads)
            case ir.Attention():
                return self._attend(node, *inputs)
            case ir.Silu():
                return _silu(inputs[0])
            case ir.SwiGlu():
                return _silu(inputs[0]) * inputs[1]
            case ir.Multiply():
                return inputs[0] * inputs[1]
            case ir.Add():
                return inputs[0] + inputs[1]
        raise TypeError(f"no rule for {type(node).__name__}")

    def _rotate(self, x: Float, heads: int) -> Float:
        positions = np.arange(len(x))[:, None] * np.array(self._graph.frequencies)
        cosine = np.cos(2 * np.pi * positions).astype(np.float32)[:, None]
        sine = np.sin(2 * np.pi * positions).astype(np.float32)[:, None]
        low, high = np.split(x.reshape(len(x), heads, -1), 2, axis=2)
        turned = np.concatenate([low * cosine - high * sine, high * cosine + low * sine], axis=2)
        return turned.reshape(len(x), -1)

    def _attend(self, node: ir.Attention, query: Float, key: Float, value: Float) -> Float:
        count, dim = len(query), self._graph.head_dim
        shared = node.heads // node.kv_heads
        q = query.reshape(count, node.kv_heads, shared, dim).transpose(1, 2, 0, 3)
        k = key.reshape(count, node.kv_heads, 1, dim).transpose(1, 2, 3, 0)
        v = value.reshape(count, node.kv_heads, 1, dim).transpose(1, 2, 0, 3)
        scores = q @ k / np.float32(np.sqrt(dim))
        scores = np.where(np.tri(count, dtype=bool), scores, np.float32(-np.inf))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        attended: Float = (weights @ v).transpose(2, 0, 1, 3).reshape(count, -1)
        return attended


def _silu(x: Float) -> Float:
    # beyond this, exp overflows and the result is the same
    opened: Float = x / (1 + np.exp(-np.maximum(x, np.float32(-80))))
    return opened
