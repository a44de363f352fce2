from __future__ import annotations

from random import Random

import pytest

from wingbeat.sim.soc.families import FAMILIES, related, unrelated


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("count", [5, 20, 100])
def test_a_seed_determines_a_graph(family: str, count: int) -> None:
    one, other = (FAMILIES[family](Random(3), count) for _ in range(2))
    assert one == other
    assert one.count == count
    assert all(0 <= before < after < count for before, after in one.edges)
    assert len(set(one.edges)) == len(one.edges)
    assert unrelated(Random(4), one, 3).costs == unrelated(Random(4), other, 3).costs


@pytest.mark.parametrize("family", ["tree", "fork_join", "layered"])
def test_no_task_is_alone(family: str) -> None:
    for seed in range(20):
        shape = FAMILIES[family](Random(seed), 40)
        assert {task for edge in shape.edges for task in edge} == set(range(40))


def test_related_elements_are_faster_at_everything_or_at_nothing() -> None:
    draw = Random(5)
    graph = related(draw, FAMILIES["layered"](draw, 30), 4)
    totals = [sum(row[e] for row in graph.costs) for e in range(4)]
    fastest_first = sorted(range(4), key=totals.__getitem__)
    for row in graph.costs:
        costs = [row[element] for element in fastest_first]
        assert costs == sorted(costs)
