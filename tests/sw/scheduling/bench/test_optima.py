from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from wingbeat.sim.schedule.optimum import Optimum
from wingbeat.sim.soc.families import layered, unrelated
from wingbeat.sim.soc.graph import Graph
from wingbeat.sw.scheduling.bench import optima
from wingbeat.sw.scheduling.bench.offline import OfflineCase, offline_cases
from wingbeat.sw.scheduling.bench.optima import digest, optimum_of, shipped


def small() -> Graph:
    draw = Random(0)
    return unrelated(draw, layered(draw, 8), 3)


def test_all_jobs_of_the_comparison_have_a_proved_optimum() -> None:
    keys = {digest(case.graph(n)) for case in offline_cases(quick=False) for n in range(case.count)}
    assert len(keys) == 100
    assert keys == shipped().keys()


@pytest.mark.parametrize("seed", range(4))
def test_a_shipped_optimum_is_one(seed: int) -> None:
    graph = OfflineCase(20, 4, 34).graph(seed)
    solution = Optimum(60).solve(graph)
    assert solution.proved
    assert solution.schedule.makespan == shipped()[digest(graph)]


def test_an_optimum_is_solved_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = optimum_of(small())
    monkeypatch.delattr(optima, "Optimum")
    assert optimum_of(small()) == first == Optimum(60).solve(small()).schedule.makespan


def test_what_is_not_proved_is_no_optimum(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(optima, "SECONDS", 0.0)
    assert optimum_of(small()) is None


def test_a_digest_depends_on_costs_and_edges_alone() -> None:
    graph = small()
    costs = [list(row) for row in graph.costs]
    same = Graph(graph.machine, [f"other {n}" for n in graph.names], costs, graph.edges)
    costs[0][0] += 1
    other = Graph(graph.machine, graph.names, costs, graph.edges)
    assert digest(graph) == digest(same) != digest(other)
    assert digest(graph) != digest(Graph(graph.machine, graph.names, graph.costs, graph.edges[1:]))
