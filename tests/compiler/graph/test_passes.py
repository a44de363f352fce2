import dataclasses

import numpy as np
import pytest
from tests.compiler import small
from tests.compiler.graph.models import changed, graph, weights

from wingbeat.compiler.graph import ir
from wingbeat.compiler.graph.passes import Run, fuse_swiglu, place_operands, uniform_runs
from wingbeat.compiler.graph.reference import Reference
from wingbeat.hw.errors import CompileError
from wingbeat.hw.formats import Q8_0


def test_gates_are_fused_in_place_of_their_product() -> None:
    fused = fuse_swiglu(graph())
    assert not [node for node in fused.nodes if isinstance(node, ir.Silu | ir.Multiply)]
    gated = fused.node("1.gated")
    assert isinstance(gated, ir.SwiGlu)
    assert gated.inputs == ("1.gate", "1.up")
    assert (gated.layer, gated.features) == (1, 96)


def test_the_gate_may_be_either_factor() -> None:
    swapped = changed(graph(), "0.gated", inputs=("0.up", "0.opened"))
    assert fuse_swiglu(swapped).node("0.gated").inputs == ("0.gate", "0.up")


def test_a_gate_that_others_read_stays() -> None:
    sound = graph()
    other = ir.Multiply("0.other", ("0.opened", "0.up"), 0, 96)
    at = sound.nodes.index(sound.node("0.gated"))
    read = dataclasses.replace(sound, nodes=(*sound.nodes[:at], other, *sound.nodes[at:]))
    kinds = [type(node) for node in fuse_swiglu(read).of_layer(0)]
    assert (kinds.count(ir.Silu), kinds.count(ir.Multiply), kinds.count(ir.SwiGlu)) == (1, 2, 0)


def test_a_silu_that_is_no_factor_stays() -> None:
    sound = changed(graph(), "0.gated", inputs=("0.gate", "0.up"))
    sound = changed(sound, "0.down", inputs=("0.opened",))
    assert fuse_swiglu(sound).nodes == fuse_swiglu(fuse_swiglu(sound)).nodes
    assert isinstance(fuse_swiglu(sound).node("0.opened"), ir.Silu)


def test_what_only_products_read_becomes_an_operand() -> None:
    placed = place_operands(fuse_swiglu(graph()))
    operands = {node.name for node in placed.nodes if node.place is ir.Place.OPERAND}
    of_a_layer = ("attention_norm", "attention", "feed_norm", "gated")
    assert operands == {"final_norm"} | {f"{i}.{name}" for i in (0, 1) for name in of_a_layer}


def test_passes_do_not_change_what_a_graph_computes() -> None:
    tensors = weights(small.LLAMA, seed=3)
    tokens = np.array([3, 1, 4, 1, 5])
    before = graph()
    after = place_operands(fuse_swiglu(before))
    first, second = (
        Reference(g, tensors.__getitem__, tensors.__getitem__).logits(tokens)
        for g in (before, after)
    )
    assert np.array_equal(first, second)


def test_equal_layers_are_one_run() -> None:
    assert uniform_runs(graph()) == (Run(0, 2),)


def test_layers_of_other_formats_are_runs_of_their_own() -> None:
    sound = graph(dataclasses.replace(small.LLAMA, layers=5))
    matrices = dict(sound.matrices)
    for layer in (2, 3):
        name = f"blk.{layer}.ffn_down.weight"
        matrices[name] = dataclasses.replace(matrices[name], format=Q8_0)
    runs = uniform_runs(dataclasses.replace(sound, matrices=matrices))
    assert runs == (Run(0, 2), Run(2, 2), Run(4, 1))


def test_what_a_sum_reads_too_stays_in_vector_memory() -> None:
    mixed = changed(graph(), "0.attended", inputs=("embedding", "0.attention_norm"))
    with pytest.raises(CompileError, match=r"`0.key` must read `0.attention_norm` from operand"):
        place_operands(mixed)
