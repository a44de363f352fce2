from __future__ import annotations

from pathlib import Path

import pytest

from wingbeat.sim.schedule.optimum import Optimum
from wingbeat.sim.soc.graph import Graph
from wingbeat.sw.scheduling.bench import offline, proofs
from wingbeat.sw.scheduling.bench.offline import OfflineCase, offline_cases
from wingbeat.sw.scheduling.bench.proofs import graph_facts, proved, shipped
from wingbeat.sw.scheduling.bench.windows import WindowCase, window_cases


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_all_problems_of_the_comparison_are_proved() -> None:
    known = shipped()
    keys = set()
    cases: list[OfflineCase | WindowCase] = [*offline_cases(False), *window_cases(False)]
    for case in cases:
        for seed in range(case.count):
            key, value = case.proof(seed)
            assert known[key] == value is not None
            keys.add(key)
    assert keys == known.keys()
    assert sum(case.count for case in offline_cases(quick=False)) == 100


@pytest.mark.parametrize("seed", range(3))
def test_a_shipped_optimum_is_one(seed: int) -> None:
    case = OfflineCase(20, 4, 34)
    solution = Optimum(60).solve(case.graph(seed))
    assert solution.proved
    assert case.proof(seed)[1] == solution.schedule.makespan


def test_a_problem_is_solved_once(cache: Path) -> None:
    answers = iter([7])
    key, value = proved([1, 2], lambda: next(answers))
    assert proved([1, 2], lambda: next(answers)) == (key, value) == (key, 7)
    assert [file.name for file in (cache / "wingbeat" / "proofs").iterdir()] == [f"{key}.json"]
    with pytest.raises(StopIteration):
        proved([2, 1], lambda: next(answers))


def test_what_is_not_proved_in_time_is_no_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "SECONDS", 0.0)
    case = OfflineCase(21, 4, 1)
    assert case.proof(0)[1] is None
    assert case.measure("heft", 0) == {}


def test_names_of_tasks_do_not_matter() -> None:
    graph = OfflineCase(20, 4, 34).graph(0)
    same = Graph(graph.machine, [f"x{n}" for n in graph.names], graph.costs, graph.edges)
    other = Graph(graph.machine, graph.names, graph.costs, graph.edges[1:])
    assert graph_facts(graph) == graph_facts(same) != graph_facts(other)
    assert proofs.proved(graph_facts(graph), int)[0] in shipped()
