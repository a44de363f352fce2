from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from statistics import mean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.soc.graphs import graphs, shipped

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.etf import Etf
from wingbeat.sim.schedule.met import Met
from wingbeat.sim.schedule.protocol import Placement, run
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph
from wingbeat.sim.soc.machine import Machine
from wingbeat.sim.soc.outcome import outcome
from wingbeat.sim.soc.schedule import check, recorded
from wingbeat.sim.soc.state import State
from wingbeat.sim.soc.workload import Admission, exponential, trace

MACHINE = Machine(["P", "Q"], ["P", "Q"], [[1.0, 1.0], [1.0, 1.0]])
PAIR = Graph(MACHINE, ["a", "b"], [[4, 9], [9, 2]], [(0, 1, 3)])
ONE = Graph(MACHINE, ["a"], [[10, UNSUPPORTED]], [])


class Lazy:
    """Waits with everything."""

    def decide(self, state: State) -> Iterator[Placement]:
        """Place nothing."""
        return iter(())


class Fifo:
    """Places the first task, on the only element."""

    def decide(self, state: State) -> Iterator[Placement]:
        """Place one task at a time."""
        yield state.ready[0], 0


def times(state: State) -> list[tuple[int, int, int]]:
    return list(zip(state.element, state.start, state.finish, strict=True))


def test_data_travel_before_a_task_starts() -> None:
    emulator = Emulator(MACHINE, trace([(5, PAIR)]))
    run(emulator, Met())
    assert times(emulator.state) == [(0, 5, 9), (1, 12, 14)]
    assert outcome(emulator).latency == 9


def test_a_free_element_starts_the_first_task_whose_data_are_there() -> None:
    emulator = Emulator(MACHINE, trace([(0, PAIR), (5, Graph(MACHINE, ["c"], [[9, 1]], []))]))
    run(emulator, Met())
    assert times(emulator.state)[1:] == [(1, 7, 9), (1, 5, 6)]


def test_a_full_system_rejects_and_counts() -> None:
    emulator = Emulator(MACHINE, trace([(t, ONE) for t in (0, 1, 2, 15)]), Admission(1))
    run(emulator, Met())
    assert emulator.rejected == 2
    assert [job.arrival for job in emulator.state.jobs] == [0, 15]


def test_a_filled_system_starts_with_as_many_jobs_as_there_may_be() -> None:
    emulator = Emulator(MACHINE, trace([(0, ONE)] * 2 + [(12, ONE)]), Admission(2, filled=True))
    run(emulator, Met())
    assert [job.arrival for job in emulator.state.jobs] == [0, 0, 12]


def test_jobs_unfinished_at_the_horizon_are_censored() -> None:
    emulator = Emulator(MACHINE, trace([(0, ONE), (1, ONE)]), horizon=15)
    run(emulator, Met())
    figures = outcome(emulator)
    assert (figures.finished, figures.censored, figures.rejected) == (1, 1, 0)
    assert figures.latency == 10
    assert figures.latency_bound == (10 + 14) / 2


def test_a_run_is_determined_by_its_seed() -> None:
    graph = shipped("top_1", "top")
    records = []
    for seed in (1, 1, 2):
        arrivals = exponential([graph], [1], 25, seed)
        emulator = Emulator(graph.machine, arrivals, noise=0.3, seed=seed, horizon=1000)
        run(emulator, Etf())
        records.append(times(emulator.state))
    assert records[0] == records[1] != records[2]


def test_noise_is_the_same_for_every_scheduler() -> None:
    machine = Machine(["P"], ["P"], [[1.0]])
    graph = Graph(machine, ["a", "b", "c"], [[100], [50], [0]], [])
    spent = []
    for scheduler in (Etf(), Met()):
        emulator = Emulator(machine, trace([(0, graph)] * 5), noise=0.3, seed=4)
        run(emulator, scheduler)
        state = emulator.state
        spent.append([f - s for s, f in zip(state.start, state.finish, strict=True)])
    assert spent[0] == spent[1]
    assert len(set(spent[0][::3])) > 1
    assert set(spent[0][2::3]) == {0}


def test_noise_has_the_deviation_that_is_asked_for() -> None:
    machine = Machine(["P"], ["P"], [[1.0]])
    graph = Graph(machine, [str(task) for task in range(3000)], [[100]] * 3000, [])
    emulator = Emulator(machine, trace([(0, graph)]), noise=0.1, seed=1)
    run(emulator, Fifo())
    state = emulator.state
    spent = [f - s for s, f in zip(state.start, state.finish, strict=True)]
    assert mean(spent) == pytest.approx(100, abs=1)
    assert stdev(spent) == pytest.approx(10, rel=0.05)


def test_arrivals_have_the_mean_gap_and_the_weights() -> None:
    drawn = list(islice(exponential([PAIR, ONE], [3, 1], 25, seed=1), 20_000))
    assert sum(gap for gap, _ in drawn) / 20_000 == pytest.approx(24.5, rel=0.02)
    assert sum(graph is PAIR for _, graph in drawn) / 20_000 == pytest.approx(0.75, rel=0.02)


def test_a_scheduler_that_waits_for_nothing_is_an_error() -> None:
    with pytest.raises(ScheduleError, match=r"must not wait .* 1 tasks ready at tick 0$"):
        run(Emulator(MACHINE, trace([(0, ONE)])), Lazy())


def test_only_ready_tasks_are_placed_and_only_where_they_are_supported() -> None:
    emulator = Emulator(MACHINE, trace([(0, PAIR), (0, ONE)]))
    assert emulator.advance()
    with pytest.raises(ScheduleError, match="must be ready to be placed, and task 1 is not"):
        emulator.commit(1, 0)
    with pytest.raises(ScheduleError, match=r"`a` must be placed on .* supports it, not on `Q`"):
        emulator.commit(2, 1)


@settings(max_examples=60, deadline=None)
@given(graphs(), st.sampled_from([0.0, 0.3]), st.integers(0, 5))
def test_runs_are_sound(graph: Graph, noise: float, seed: int) -> None:
    arrivals = islice(exponential([graph], [1], 20, seed), 6)
    emulator = Emulator(graph.machine, arrivals, Admission(3), noise=noise, seed=seed)
    run(emulator, Etf())
    schedules = recorded(emulator.state)
    check(schedules, exact=not noise)
    assert len(schedules) + emulator.rejected == 6
    assert all(
        start >= emulator.state.jobs[job].arrival
        for job, start in zip(emulator.state.job, emulator.state.start, strict=True)
    )
