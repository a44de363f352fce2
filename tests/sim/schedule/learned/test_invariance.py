"""The policy does not depend on numbering, on the unit of time, or on how many there are."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.schedule.learned.cases import random_graph, random_network, rearranged

from wingbeat.sim.schedule.learned.network import Network
from wingbeat.sim.schedule.learned.policy import Policy
from wingbeat.sim.schedule.learned.view import View
from wingbeat.sim.schedule.protocol import offline, run
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import check, recorded
from wingbeat.sim.soc.workload import trace

SEEDS = st.integers(0, 2**32 - 1)


def scores(graphs: list[Graph], network: Network) -> np.ndarray:
    """Return the scores of the first moment, `(T, E)`."""
    emulator = Emulator(graphs[0].machine, trace((0, graph) for graph in graphs))
    emulator.advance()
    choice = View(emulator.state, network).choice()
    assert choice is not None
    return network.scores(choice.seen)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_scores_follow_the_numbering_of_tasks_and_elements(seed: int) -> None:
    draw = Random(seed)
    graph, network = random_graph(seed), random_network(seed % 7)
    tasks = draw.sample(range(len(graph)), len(graph))
    elements = draw.sample(range(4), 4)
    other = rearranged(graph, tasks, elements)
    first = [task for task in range(len(graph)) if not graph.predecessors[task]]
    then = [task for task in range(len(other)) if not other.predecessors[task]]
    order = [first.index(tasks[task]) for task in then]
    expected = scores([graph], network)[order][:, elements]
    assert scores([other], network) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(2, 1000))
def test_the_unit_of_time_does_not_matter(seed: int, stretch: int) -> None:
    graph, network = random_graph(seed), random_network(seed % 7)
    longer = rearranged(graph, range(len(graph)), range(4), stretch)
    one, other = scores([graph], network), scores([longer], network)
    # all but two features: spread and ranks are relative to one tick more
    assert one == pytest.approx(other, abs=0.2)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 40), st.integers(1, 12), st.integers(1, 4))
def test_any_number_of_tasks_elements_and_jobs_is_served(
    seed: int, tasks: int, elements: int, jobs: int
) -> None:
    graphs = [random_graph(seed + job, tasks=tasks, elements=elements) for job in range(jobs)]
    emulator = Emulator(graphs[0].machine, trace((3 * job, g) for job, g in enumerate(graphs)))
    run(emulator, Policy(random_network(seed % 7)))
    done = recorded(emulator.state)
    assert len(done) == jobs
    check(done)


def test_embeddings_are_means_so_a_second_job_of_a_kind_leaves_them_as_they_were() -> None:
    network = random_network(1)
    graph = random_graph(1)
    emulator = Emulator(graph.machine, trace([(0, graph), (0, graph)]))
    emulator.advance()
    choice = View(emulator.state, network).choice()
    assert choice is not None
    assert choice.seen.jobs == pytest.approx(choice.seen.job[0])


def test_what_is_kept_up_to_date_is_what_a_new_view_computes() -> None:
    network = random_network(2)
    graphs = [random_graph(seed, tasks=20) for seed in range(3)]
    emulator = Emulator(graphs[0].machine, trace((20 * job, g) for job, g in enumerate(graphs)))
    view = View(emulator.state, network)
    compared = 0
    while emulator.advance():
        while (choice := view.choice()) is not None:
            fresh = View(emulator.state, network).choice()
            assert fresh is not None
            assert network.scores(choice.seen) == pytest.approx(network.scores(fresh.seen))
            compared += 1
            row, column = divmod(int(choice.supported.argmax()), len(choice.elements))
            task = choice.tasks[row]
            emulator.commit(task, choice.elements[column])
            view.placed(task)
    assert compared >= 60


def test_a_policy_that_would_rather_wait_places_one_task_at_a_time() -> None:
    network = random_network(3)
    network.parameters["out_bias"][0] = -1e6
    graph = random_graph(3)
    schedule = offline(graph, Policy(network))
    assert schedule.makespan >= sum(slot.finish - slot.start for slot in schedule.slots)
