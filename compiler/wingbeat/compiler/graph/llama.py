"""The graph of a Llama model, as the front end states it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import EMBEDDING, FINAL_NORM, HEAD, tensor_shapes
from wingbeat.compiler.graph import ir
from wingbeat.compiler.graph.legality import check
from wingbeat.hw.formats import WINDOW, WeightFormat


def llama_graph(
    parameters: LlamaParameters,
    formats: Mapping[str, WeightFormat],
    context: int,
    kept: int = WINDOW,
) -> ir.Graph:
    """Build the graph.

    Parameters
    ----------
    parameters : the model's numbers
    formats : weight format of each matrix, by tensor name
    context : positions to provide for, at most the model's
    kept : N of N:16 of the matrices whose format is sparse
    """
    p = parameters
    nodes: list[ir.Node] = [ir.Embedding("embedding", (), None, p.hidden, EMBEDDING)]
    stream = "embedding"
    for layer in range(p.layers):
        nodes += _layer(p, layer, stream)
        stream = nodes[-1].name
    head = EMBEDDING if p.tied_head else HEAD
    nodes.append(ir.RmsNorm("final_norm", (stream,), None, p.hidden, FINAL_NORM, p.rms_epsilon))
    nodes.append(ir.Head("logits", ("final_norm",), None, p.vocabulary, head))
    shapes = tensor_shapes(p)
    matrices = {
        name: ir.MatrixType(*shape, formats[name], kept if formats[name].sparse else WINDOW)
        for name, shape in shapes.items()
        if len(shape) == 2
    }
    vectors = {name: shape[0] for name, shape in shapes.items() if len(shape) == 1}
    turns = tuple(
        p.rope_theta ** (-2 * i / p.head_dim) / divisor / (2 * math.pi)
        for i, divisor in enumerate(p.rope_divisors)
    )
    return check(ir.Graph(tuple(nodes), matrices, vectors, p.layers, p.head_dim, context, turns))


def _layer(p: LlamaParameters, layer: int, stream: str) -> list[ir.Node]:
    def name(part: str) -> str:
        return f"{layer}.{part}"

    def tensor(part: str) -> str:
        return f"blk.{layer}.{part}.weight"

    def linear(part: str, source: str, rows: int, matrix: str) -> ir.Linear:
        return ir.Linear(name(part), (source,), layer, rows, tensor(matrix))

    queries, keys = p.heads * p.head_dim, p.kv_heads * p.head_dim
    normed, fed = name("attention_norm"), name("feed_norm")
    return [
        ir.RmsNorm(normed, (stream,), layer, p.hidden, tensor("attn_norm"), p.rms_epsilon),
        # keys and values first: they are in the caches by the time the queries are there
        linear("key", normed, keys, "attn_k"),
        ir.Rope(name("turned_key"), (name("key"),), layer, keys, p.kv_heads),
        linear("value", normed, keys, "attn_v"),
        linear("query", normed, queries, "attn_q"),
        ir.Rope(name("turned_query"), (name("query"),), layer, queries, p.heads),
        ir.Attention(
            name("attention"),
            (name("turned_query"), name("turned_key"), name("value")),
            layer,
            queries,
            p.heads,
            p.kv_heads,
        ),
        linear("projection", name("attention"), p.hidden, "attn_output"),
        ir.Add(name("attended"), (stream, name("projection")), layer, p.hidden),
        ir.RmsNorm(fed, (name("attended"),), layer, p.hidden, tensor("ffn_norm"), p.rms_epsilon),
        linear("gate", fed, p.ffn, "ffn_gate"),
        linear("up", fed, p.ffn, "ffn_up"),
        ir.Silu(name("opened"), (name("gate"),), layer, p.ffn),
        ir.Multiply(name("gated"), (name("opened"), name("up")), layer, p.ffn),
        linear("down", name("gated"), p.hidden, "ffn_down"),
        ir.Add(name("output"), (name("attended"), name("down")), layer, p.hidden),
    ]
