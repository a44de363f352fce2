import pytest
from tests.compiler.graph.models import graph

from wingbeat.compiler.graph import ir


def test_nodes_are_found_by_name() -> None:
    node = graph().node("1.gate")
    assert isinstance(node, ir.Linear)
    assert node.matrix == "blk.1.ffn_gate.weight"
    with pytest.raises(StopIteration):
        graph().node("2.gate")


def test_consumers_of_a_value_in_order() -> None:
    found = graph().consumers("0.attention_norm")
    assert [node.name for node in found] == ["0.key", "0.value", "0.query"]
    assert graph().consumers("logits") == ()
    assert [node.name for node in graph().consumers("0.output")] == [
        "1.attention_norm",
        "1.attended",
    ]


def test_values_live_in_vector_memory_until_they_are_placed() -> None:
    assert {node.place for node in graph().nodes} == {ir.Place.VECTOR}
