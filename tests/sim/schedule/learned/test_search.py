from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.schedule.learned.cases import random_graph
from tests.sim.soc.graphs import graphs

from wingbeat.sim.schedule.heft import Heft
from wingbeat.sim.schedule.learned.decode import Decoder
from wingbeat.sim.schedule.learned.search import LearnedPlanner
from wingbeat.sim.schedule.optimum import Optimum
from wingbeat.sim.soc.families import FAMILIES, unrelated
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import check


@settings(max_examples=25, deadline=None)
@given(graphs())
def test_a_plan_can_be_executed_and_is_not_worse_than_heft(graph: Graph) -> None:
    schedule = LearnedPlanner(rounds=10).plan(graph)
    check([schedule])
    assert schedule.makespan <= Heft().plan(graph).makespan


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_decoded_schedule_can_be_executed_and_its_critical_chain_has_no_gap(seed: int) -> None:
    graph, draw = random_graph(seed, tasks=20), np.random.default_rng(seed)
    decoder = Decoder(graph)
    elements = draw.integers(4, size=(3, 20))
    orders = np.array([graph.order] * 3)
    finishes = decoder.finishes(orders, elements)
    for order, places, finish in zip(orders, elements, finishes, strict=True):
        schedule = decoder.schedule(places, finish)
        check([schedule])
        chain = decoder.critical(order, places, finish)
        assert schedule.slots[chain[0]].finish == schedule.makespan
        assert schedule.slots[chain[-1]].start == 0


def test_a_search_is_the_same_each_time_and_gains() -> None:
    graph = random_graph(0, tasks=30)
    plans = [LearnedPlanner(rounds=60).plan(graph) for _ in range(2)]
    assert plans[0] == plans[1]
    assert plans[0].makespan < LearnedPlanner(rounds=0).plan(graph).makespan


@pytest.mark.parametrize("seed", range(2))
def test_a_small_job_is_planned_near_the_optimum(seed: int) -> None:
    graph = random_graph(seed, tasks=10, elements=3)
    solution = Optimum().solve(graph)
    assert solution.proved
    assert LearnedPlanner().plan(graph).makespan <= 1.05 * solution.bound


def test_the_optimum_is_not_above_what_the_search_finds() -> None:
    draw = Random("bench, 20 tasks on 4 elements, 3")
    graph = unrelated(draw, FAMILIES["fork_join"](draw, 20), 4)
    solution = Optimum().solve(graph)
    assert solution.bound <= LearnedPlanner().plan(graph).makespan
    assert solution.schedule.makespan == 141
