from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from tests.sim.soc.graphs import graphs, shipped

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.catalogue import PLANNERS, SCHEDULERS, schedule_job, scheduler
from wingbeat.sim.schedule.follow import Follow
from wingbeat.sim.schedule.hbmct import Hbmct
from wingbeat.sim.schedule.heft import Heft
from wingbeat.sim.schedule.optimum import Optimum
from wingbeat.sim.schedule.peft import optimistic_costs
from wingbeat.sim.schedule.protocol import offline
from wingbeat.sim.schedule.ranks import downward, upward
from wingbeat.sim.soc.families import layered, unrelated
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import check

NAMES = sorted((SCHEDULERS | PLANNERS).keys() - {"optimum", "learned"})
TOPCUOGLU = {  # makespans; of heft, cpop and the optimum they are published
    "cpop": 86,
    "eft": 80,
    "etf": 80,
    "etf_late": 85,
    "fifo": 80,
    "hbmct": 76,
    "heft": 80,
    "heft_rt": 100,
    "learned": 73,
    "lookahead": 76,
    "mct": 92,
    "met": 80,
    "minmin": 90,
    "optimum": 73,
    "peft": 85,
    "srpt": 80,
}


@pytest.mark.parametrize("name", sorted(SCHEDULERS | PLANNERS))
def test_makespans_of_the_example_of_topcuoglu(name: str) -> None:
    schedule = schedule_job(shipped("top_1", "top"), name)
    check([schedule])
    assert schedule.makespan == TOPCUOGLU[name]


def test_ranks_are_those_of_the_paper() -> None:
    graph = shipped("top_1", "top")
    assert [round(rank, 2) for rank in upward(graph)] == pytest.approx(
        [108, 77, 80, 80, 69, 63.33, 42.67, 35.67, 44.33, 14.67], abs=0.01
    )
    assert [round(rank, 2) for rank in downward(graph)] == pytest.approx(
        [0, 31, 25, 22, 24, 27, 62.33, 66.67, 63.67, 93.33], abs=0.01
    )


def test_optimistic_costs_count_from_the_end() -> None:
    table = optimistic_costs(shipped("top_1", "top"))
    assert table[9] == [0, 0, 0]
    assert table[8] == [7 + 13, 7, 16]  # task 10 moves to P2, stays on P2, stays on P3


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_every_schedule_of_any_graph_is_sound(graph: Graph) -> None:
    for name in NAMES:
        check([schedule_job(graph, name)])


@settings(max_examples=30, deadline=None)
@given(graphs())
def test_a_plan_that_is_followed_ends_when_it_says(graph: Graph) -> None:
    for planner in (Heft(), Hbmct()):
        plan = planner.plan(graph)
        followed = offline(graph, Follow(planner))
        check([followed])
        assert followed.makespan <= plan.makespan


def test_the_optimum_is_proved_and_no_worse_than_any_heuristic() -> None:
    for seed in range(3):
        draw = Random(seed)
        graph = unrelated(draw, layered(draw, 14), 3)
        solution = Optimum(30).solve(graph)
        check([solution.schedule])
        assert solution.proved
        best = min(schedule_job(graph, name).makespan for name in NAMES)
        assert solution.bound == solution.schedule.makespan <= best


def test_a_solver_without_time_returns_what_heft_has() -> None:
    draw = Random(1)
    graph = unrelated(draw, layered(draw, 50), 8)
    solution = Optimum(0.0).solve(graph)
    check([solution.schedule])
    assert solution.bound <= solution.schedule.makespan <= Heft().plan(graph).makespan
    assert not solution.proved


@pytest.mark.parametrize(
    "ask", [scheduler, lambda name: schedule_job(shipped("top_1", "top"), name)]
)
def test_an_unknown_scheduler_lists_those_that_there_are(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(ScheduleError, match=r"must be one of cpop, .*, peft, .*not `fastest`$"):
        ask("fastest")
