import dataclasses
import re
from typing import Any

import pytest
from tests.compiler.graph.models import changed, graph

from wingbeat.compiler.graph import ir
from wingbeat.compiler.graph.legality import RULES, check, check_placed
from wingbeat.compiler.graph.passes import fuse_swiglu, place_operands
from wingbeat.hw.errors import CompileError

OPERAND = ir.Place.OPERAND


def test_a_sound_graph_comes_back_unchanged() -> None:
    sound = graph()
    assert check(sound) is sound


def test_every_operation_has_a_rule() -> None:
    operations = {
        kind
        for kind in vars(ir).values()
        if isinstance(kind, type) and issubclass(kind, ir.Node) and kind is not ir.Node
    }
    assert RULES.keys() == operations


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        ("embedding", {"features": 96}, "node `embedding` (Embedding) must have 64 features"),
        ("0.attention_norm", {"features": 32}, "(RmsNorm) weights must have 32 elements, not 64"),
        ("0.query", {"features": 96}, "node `0.query` (Linear) must have 64 features, not 96"),
        ("0.down", {"inputs": ("0.query",)}, "(Linear) input must have 96 features, not 64"),
        ("0.turned_key", {"features": 64}, "`0.turned_key` (Rope) must have 32 features, not 64"),
        ("0.turned_key", {"inputs": ("0.attention_norm",)}, "inputs must have 32 features, not 64"),
        ("0.opened", {"features": 64}, "`0.opened` (Silu) inputs must have 64 features, not 96"),
        ("0.gated", {"inputs": ("0.opened", "0.query")}, "(Multiply) inputs must have 96 features"),
        ("0.attended", {"inputs": ("embedding", "0.key")}, "(Add) inputs must have 64 features"),
        ("logits", {"features": 13}, "node `logits` (Head) must have 12 features, not 13"),
        ("logits", {"inputs": ("0.key",)}, "(Head) input must have 64 features, not 32"),
        ("1.key", {"name": "0.key"}, "node `0.key` (Linear) must have a name of its own"),
        ("0.attended", {"inputs": ("embedding",)}, "(Add) must have 2 inputs, not 1"),
        ("embedding", {"inputs": ("logits",)}, "(Embedding) must have 0 inputs, not 1"),
        ("0.query", {"inputs": ("0.gate",)}, "`0.query` (Linear) must come after `0.gate`, which"),
        ("0.query", {"inputs": ("nobody",)}, "(Linear) must come after `nobody`, which it takes"),
        ("0.query", {"matrix": "none"}, "must name a matrix of the graph, not `none`"),
        ("final_norm", {"vector": "none"}, "must name a vector of the graph, not `none`"),
    ],
)
def test_a_broken_rule_is_named(name: str, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CompileError, match=re.escape(sentence)):
        check(changed(graph(), name, **changes))


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (("0.key", "0.turned_key", "0.value"), "`0.key` must have 64 features, not 32"),
        (("0.query", "0.query", "0.value"), "`0.query` must have 32 features, not 64"),
        (("0.query", "0.key", "0.query"), "`0.query` must have 32 features, not 64"),
    ],
)
def test_attention_takes_queries_keys_and_values(inputs: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CompileError, match=re.escape(f"`0.attention` (Attention) {sentence}")):
        check(changed(graph(), "0.attention", inputs=inputs))


def test_the_parts_of_a_norm_agree() -> None:
    odd = changed(graph(), "0.attention_norm", inputs=("embedding",))
    odd = dataclasses.replace(odd, vectors={**odd.vectors, "blk.0.attn_norm.weight": 32})
    with pytest.raises(CompileError, match=r"`0.attention_norm` \(RmsNorm\) weights must have 64"):
        check(odd)
    with pytest.raises(CompileError, match="inputs must have 32 features, not 64"):
        check(changed(odd, "0.attention_norm", features=32))


def test_a_fused_gate_has_equal_inputs() -> None:
    fused = fuse_swiglu(graph())
    with pytest.raises(CompileError, match=r"`0.gated` \(SwiGlu\) inputs must have 96 features"):
        check(changed(fused, "0.gated", inputs=("0.gate", "0.query")))


def test_only_whole_groups_are_quantised() -> None:
    odd = graph()
    matrix = dataclasses.replace(odd.matrices["token_embd.weight"], rows=16)
    odd = dataclasses.replace(odd, matrices={**odd.matrices, "token_embd.weight": matrix})
    odd = changed(odd, "logits", features=16)
    check(odd)
    with pytest.raises(CompileError, match=r"`logits` \(Head\) must have a multiple of 32 feature"):
        check(changed(odd, "logits", place=OPERAND))


def test_the_last_node_makes_the_logits() -> None:
    sound = graph()
    for nodes in (sound.nodes[:-1], ()):
        with pytest.raises(CompileError, match="the last node of a graph must make the logits"):
            check(dataclasses.replace(sound, nodes=nodes))


def test_products_read_operands_and_the_others_vectors() -> None:
    placed = place_operands(graph())
    assert check_placed(placed) is placed
    with pytest.raises(CompileError, match=r"`0.key` must read `0.attention_norm` from operand"):
        check_placed(changed(placed, "0.attention_norm", place=ir.Place.VECTOR))
    with pytest.raises(CompileError, match=r"`0.turned_query` must read `0.query` from vector me"):
        check_placed(changed(placed, "0.query", place=OPERAND))
