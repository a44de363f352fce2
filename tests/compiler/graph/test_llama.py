import math

import pytest
from tests.compiler import small
from tests.compiler.graph.models import GROUPED, formats, graph

from wingbeat.compiler.graph import ir
from wingbeat.hw.formats import Q4_0, Q8_0


def test_every_layer_has_sixteen_nodes_and_three_are_outside() -> None:
    found = graph()
    assert [len(found.of_layer(layer)) for layer in (0, 1, None)] == [16, 16, 3]
    assert [node.name for node in found.of_layer(None)] == ["embedding", "final_norm", "logits"]


def test_every_tensor_is_used_exactly_once() -> None:
    for parameters, twice in ((small.LLAMA, "token_embd.weight"), (GROUPED, None)):
        found = graph(parameters)
        named = [
            name
            for node in found.nodes
            for name in (getattr(node, "matrix", None), getattr(node, "vector", None))
            if name is not None
        ]
        assert set(named) == found.matrices.keys() | found.vectors.keys()
        assert {name for name in named if named.count(name) > 1} == ({twice} if twice else set())


def test_a_tied_head_is_the_embedding() -> None:
    logits = [graph(parameters).nodes[-1] for parameters in (small.LLAMA, GROUPED)]
    assert [node.matrix for node in logits if isinstance(node, ir.Head)] == [
        "token_embd.weight",
        "output.weight",
    ]


def test_matrices_have_their_shapes_and_formats() -> None:
    found = graph(GROUPED)
    assert found.matrices.keys() == formats(GROUPED).keys()
    assert found.matrices["blk.1.attn_k.weight"] == ir.MatrixType(64, 64, Q4_0)
    assert found.matrices["blk.0.ffn_down.weight"] == ir.MatrixType(64, 96, Q4_0)
    assert found.matrices["token_embd.weight"] == ir.MatrixType(12, 64, Q8_0)


def test_frequencies_are_turns_a_position() -> None:
    found = graph(GROUPED).frequencies
    assert len(found) == 16
    assert found[0] == pytest.approx(1 / (2 * math.pi))
    # the last pair of rope_theta 10000, twice as slow
    assert found[15] == pytest.approx(10000 ** (-30 / 32) / 2 / (2 * math.pi))


def test_a_context_is_what_was_asked_for() -> None:
    assert graph(context=17).context == 17
    assert graph().head_dim == 32
