"""Passes over the graph; each returns a legal graph or raises."""

from __future__ import annotations

import dataclasses
from itertools import groupby

from wingbeat.compiler.graph import ir
from wingbeat.compiler.graph.legality import check, check_placed


def fuse_swiglu(graph: ir.Graph) -> ir.Graph:
    """Make one node of a SiLU whose only use is a product: together, they need one buffer."""
    gates = {
        node.name: node
        for node in graph.nodes
        if isinstance(node, ir.Silu)
        and [type(user) for user in graph.consumers(node.name)] == [ir.Multiply]
    }
    nodes: list[ir.Node] = []
    for node in graph.nodes:
        if node.name in gates:
            continue
        if isinstance(node, ir.Multiply):
            opened = [name for name in node.inputs if name in gates]
            if opened:
                other = node.inputs[1 - node.inputs.index(opened[0])]
                inputs = (gates[opened[0]].inputs[0], other)
                node = ir.SwiGlu(node.name, inputs, node.layer, node.features)
        nodes.append(node)
    return check(dataclasses.replace(graph, nodes=tuple(nodes)))


def place_operands(graph: ir.Graph) -> ir.Graph:
    """Put every value that only products read into the operand memory: it is quantised once."""

    def placed(node: ir.Node) -> ir.Node:
        users = graph.consumers(node.name)
        if users and all(isinstance(user, ir.Linear | ir.Head) for user in users):
            return dataclasses.replace(node, place=ir.Place.OPERAND)
        return node

    return check_placed(dataclasses.replace(graph, nodes=tuple(map(placed, graph.nodes))))


@dataclasses.dataclass(frozen=True)
class Run:
    """Consecutive layers of equal layout: one loop of the program."""

    first: int
    count: int


def uniform_runs(graph: ir.Graph) -> tuple[Run, ...]:
    """Group consecutive layers whose matrices agree in shape and format."""

    def layout(layer: int) -> tuple[object, ...]:
        return tuple(
            (type(node), graph.matrices[node.matrix] if isinstance(node, ir.Linear) else None)
            for node in graph.of_layer(layer)
        )

    runs = []
    for _, members in groupby(range(graph.layers), key=layout):
        layers = list(members)
        runs.append(Run(layers[0], len(layers)))
    return tuple(runs)
