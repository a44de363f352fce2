"""Compiled episodes and those in Python have the same figures, job for job."""

from __future__ import annotations

from random import Random

import pytest

from wingbeat.sim.schedule.learned.network import Network
from wingbeat.sim.schedule.learned.parameters import flat, shipped
from wingbeat.sim.schedule.learned.policy import Policy
from wingbeat.sim.schedule.learned.training.gradient import Task, cost, difference
from wingbeat.sim.schedule.learned.training.native import rollout
from wingbeat.sim.schedule.learned.training.scenarios import SCENARIOS, episodes
from wingbeat.sim.schedule.protocol import run
from wingbeat.sim.soc.outcome import outcome


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_an_episode_is_the_same_as_in_python(name: str) -> None:
    parameters = shipped().parameters
    episode = SCENARIOS[name](Random(f"test {name}"))
    emulator = episode.emulator()
    run(emulator, Policy(Network(parameters)))
    expected, found = outcome(emulator), rollout(episode, parameters)
    assert found.finished == expected.finished
    assert found.censored == expected.censored
    assert found.rejected == expected.rejected
    assert found.latency == pytest.approx(expected.latency * expected.finished)
    jobs = found.finished + found.censored
    assert found.latency + found.waited == pytest.approx(expected.latency_bound * jobs)
    assert found.end == emulator.state.now


def test_a_pair_meets_the_same_episodes_on_both_sides() -> None:
    mean = flat(shipped().parameters)
    same = difference(Task(mean, seed=3, step=1, pair=2))
    assert same == difference(Task(mean, seed=3, step=1, pair=2))
    assert same != difference(Task(mean, seed=3, step=1, pair=3))
    assert len(same) == len(SCENARIOS)


def test_the_steps_of_a_training_differ() -> None:
    mean = flat(shipped().parameters)
    one, other = episodes(3, 1), episodes(3, 2)
    assert all(cost(one[name], mean) != cost(other[name], mean) for name in one)
