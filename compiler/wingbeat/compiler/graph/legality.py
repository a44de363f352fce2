"""What a graph must satisfy: checked after every pass.

A table of rules, one for each operation; each says what the inputs' features must be and where
they may live. A violation is a defect of the pass before it, or a model that cannot be built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wingbeat.compiler.graph import ir
from wingbeat.hw.errors import CompileError
from wingbeat.hw.formats import GROUP

Rule = Callable[[ir.Graph, ir.Node, Sequence[ir.Node]], str | None]
"""Returns what is wrong with a node and its inputs, if anything is."""


def _same(graph: ir.Graph, node: ir.Node, inputs: Sequence[ir.Node]) -> str | None:
    wrong = [x.features for x in inputs if x.features != node.features]
    return f"inputs must have {node.features} features, not {wrong[0]}" if wrong else None


def _embedding(graph: ir.Graph, node: ir.Node, inputs: Sequence[ir.Node]) -> str | None:
    assert isinstance(node, ir.Embedding)
    columns = graph.matrices[node.matrix].columns
    return None if columns == node.features else f"must have {columns} features"


def _product(graph: ir.Graph, node: ir.Node, inputs: Sequence[ir.Node]) -> str | None:
    assert isinstance(node, ir.Linear | ir.Head)
    matrix = graph.matrices[node.matrix]
    if inputs[0].features != matrix.columns:
        return f"input must have {matrix.columns} features, not {inputs[0].features}"
    if node.features != matrix.rows:
        return f"must have {matrix.rows} features, not {node.features}"
    return None


def _norm(graph: ir.Graph, node: ir.Node, inputs: Sequence[ir.Node]) -> str | None:
    assert isinstance(node, ir.RmsNorm)
    if graph.vectors[node.vector] != node.features:
        return f"weights must have {node.features} elements, not {graph.vectors[node.vector]}"
    return _same(graph, node, inputs)


def _rope(graph: ir.Graph, node: ir.Node, inputs: Sequence[ir.Node]) -> str | None:
    assert isinstance(node, ir.Rope)
    wanted = node.heads * graph.head_dim
    if node.features != wanted:
        return f"must have {wanted} features, not {node.features}"
    return _same(graph, node, inputs)


def _attention(graph: ir.Graph, node: ir.Node, inputs: Sequence[ir.Node]) -> str | None:
    assert isinstance(node, ir.Attention)
    heads = (node.heads, node.kv_heads, node.kv_heads)
    for x, count in zip(inputs, heads, strict=True):
        if x.features != count * graph.head_dim:
            return f"`{x.name}` must have {count * graph.head_dim} features, not {x.features}"
    return None


RULES: dict[type[ir.Node], tuple[int, Rule]] = {
    ir.Embedding: (0, _embedding),
    ir.RmsNorm: (1, _norm),
    ir.Linear: (1, _product),
    ir.Rope: (1, _rope),
    ir.Attention: (3, _attention),
    ir.Silu: (1, _same),
    ir.Multiply: (2, _same),
    ir.SwiGlu: (2, _same),
    ir.Add: (2, _same),
    ir.Head: (1, _product),
}
"""Operation to number of inputs and rule."""


def check(graph: ir.Graph) -> ir.Graph:
    """Return the graph if it is legal.

    Raises
    ------
    CompileError
        Naming the node and the rule it breaks.
    """
    known: dict[str, ir.Node] = {}
    for node in graph.nodes:
        count, rule = RULES[type(node)]
        what = f"node `{node.name}` ({type(node).__name__})"
        if node.name in known:
            raise CompileError(f"{what} must have a name of its own")
        if len(node.inputs) != count:
            raise CompileError(f"{what} must have {count} inputs, not {len(node.inputs)}")
        missing = [name for name in node.inputs if name not in known]
        if missing:
            raise CompileError(f"{what} must come after `{missing[0]}`, which it takes")
        inputs = [known[name] for name in node.inputs]
        matrix = getattr(node, "matrix", None)
        if matrix is not None and matrix not in graph.matrices:
            raise CompileError(f"{what} must name a matrix of the graph, not `{matrix}`")
        vector = getattr(node, "vector", None)
        if vector is not None and vector not in graph.vectors:
            raise CompileError(f"{what} must name a vector of the graph, not `{vector}`")
        wrong = rule(graph, node, inputs)
        if wrong is not None:
            raise CompileError(f"{what} {wrong}")
        if node.place is ir.Place.OPERAND and node.features % GROUP:
            raise CompileError(f"{what} must have a multiple of {GROUP} features to be quantised")
        known[node.name] = node
    if not graph.nodes or not isinstance(graph.nodes[-1], ir.Head):
        raise CompileError("the last node of a graph must make the logits")
    return graph


def check_placed(graph: ir.Graph) -> ir.Graph:
    """Check, after placement, that products read operands and everything else reads vectors."""
    check(graph)
    for node in graph.nodes:
        reads_operands = isinstance(node, ir.Linear | ir.Head)
        wanted = ir.Place.OPERAND if reads_operands else ir.Place.VECTOR
        for name in node.inputs:
            if graph.node(name).place is not wanted:
                raise CompileError(
                    f"node `{node.name}` must read `{name}` from {wanted.value} memory"
                )
    return graph
