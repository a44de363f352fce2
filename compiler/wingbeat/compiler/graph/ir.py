"""Nodes, types and the graph.

A graph is a list of nodes in an order in which they can be computed. Each makes one value, named
like the node: `features` FP32 numbers for each token. Weights are not in the graph: a node names
its matrix or vector, and the graph says what shape and format that has.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from wingbeat.hw.formats import WINDOW, WeightFormat


class Place(enum.Enum):
    """Which on-chip memory a value lives in."""

    VECTOR = "vector"
    OPERAND = "operand"


@dataclasses.dataclass(frozen=True)
class MatrixType:
    """Shape and format of a weight matrix (rows, columns): it maps columns to rows.

    `kept` is the N of N:16 of a sparse one.
    """

    rows: int
    columns: int
    format: WeightFormat
    kept: int = WINDOW


@dataclasses.dataclass(frozen=True)
class Node:
    """Base of all operations.

    Attributes
    ----------
    name : name of the node and of its value, unique in the graph
    inputs : names of the values it takes
    layer : decoder layer it belongs to, None outside of the layers
    features : numbers of the value for each token
    place : memory of the value; quantised in groups of 32 if it is OPERAND
    """

    name: str
    inputs: tuple[str, ...]
    layer: int | None
    features: int
    place: Place = dataclasses.field(default=Place.VECTOR, kw_only=True)


@dataclasses.dataclass(frozen=True)
class Embedding(Node):
    """Row `token` of a matrix; no inputs but the token."""

    matrix: str


@dataclasses.dataclass(frozen=True)
class RmsNorm(Node):
    """x * weight / sqrt(mean(x * x) + epsilon)."""

    vector: str
    epsilon: float


@dataclasses.dataclass(frozen=True)
class Linear(Node):
    """Matrix times x."""

    matrix: str


@dataclasses.dataclass(frozen=True)
class Rope(Node):
    """Rotary embedding of each head: element i pairs with i + head_dim / 2."""

    heads: int


@dataclasses.dataclass(frozen=True)
class Attention(Node):
    """Causal attention of queries over all keys and values so far; inputs (q, k, v).

    Keys and values are appended to the layer's cache. Query head h uses key/value head
    h * kv_heads // heads.
    """

    heads: int
    kv_heads: int


@dataclasses.dataclass(frozen=True)
class Silu(Node):
    """x * sigmoid(x)."""


@dataclasses.dataclass(frozen=True)
class Multiply(Node):
    """Product, element by element."""


@dataclasses.dataclass(frozen=True)
class SwiGlu(Node):
    """silu(gate) * up; inputs (gate, up)."""


@dataclasses.dataclass(frozen=True)
class Add(Node):
    """Sum, element by element."""


@dataclasses.dataclass(frozen=True)
class Head(Node):
    """Logits of the tokens that are asked for: matrix times x."""

    matrix: str


@dataclasses.dataclass(frozen=True)
class Graph:
    """A model.

    Attributes
    ----------
    nodes : in order of computation; the last one makes the logits
    matrices, vectors : what the nodes name: type, and number of elements
    layers : decoder layers
    head_dim : elements of an attention head
    context : positions, at most
    frequencies : turns a position of each rotary pair (head_dim / 2 of them)
    """

    nodes: tuple[Node, ...]
    matrices: Mapping[str, MatrixType]
    vectors: Mapping[str, int]
    layers: int
    head_dim: int
    context: int
    frequencies: tuple[float, ...]

    def node(self, name: str) -> Node:
        """Return a node by name."""
        return next(node for node in self.nodes if node.name == name)

    def of_layer(self, layer: int | None) -> tuple[Node, ...]:
        """Return the nodes of one layer, or those outside of all layers."""
        return tuple(node for node in self.nodes if node.layer == layer)

    def consumers(self, name: str) -> tuple[Node, ...]:
        """Return the nodes that take a value."""
        return tuple(node for node in self.nodes if name in node.inputs)
