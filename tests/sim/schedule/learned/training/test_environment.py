from __future__ import annotations

from random import Random

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from tests.sim.schedule.learned.cases import random_graph

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.learned.parameters import shipped
from wingbeat.sim.schedule.learned.training.environment import SchedulingEnvironment
from wingbeat.sim.schedule.learned.training.episode import Episode, single_episode
from wingbeat.sim.schedule.learned.training.scenarios import STREAMS
from wingbeat.sim.soc.outcome import outcome


def environment(**bounds: int) -> SchedulingEnvironment:
    return SchedulingEnvironment(STREAMS["example"], shipped(), **bounds)


def test_gymnasium_accepts_it() -> None:
    check_env(environment(tasks=8, elements=4), skip_render_check=True)


def test_rewards_sum_to_the_time_that_jobs_spent() -> None:
    made = environment(tasks=16, elements=4)
    seen, _ = made.reset(seed=1)
    total, done = 0.0, False
    while not done:
        action = np.int64(seen["allowed"].argmax())
        seen, reward, done, _, _ = made.step(action)
        total += reward
    figures = outcome(made.emulator)
    spent = figures.latency_bound * len(made.emulator.state.jobs)
    unit = np.mean([min(row) for row in made.emulator.state.jobs[0].graph.costs])
    assert -total * unit == pytest.approx(spent)
    assert made.emulator.state.now == made.emulator.horizon


def test_an_action_that_is_not_allowed_waits_unless_nothing_else_will_happen() -> None:
    graph = random_graph(0)
    made = SchedulingEnvironment(lambda _: single_episode(graph), shipped(), tasks=4, elements=4)
    seen, _ = made.reset(seed=0)
    assert not seen["allowed"][made.wait]
    made.step(made.wait)
    assert sum(element.running >= 0 for element in made.emulator.state.elements) == 1


def test_a_machine_that_is_too_large_is_one_sentence() -> None:
    with pytest.raises(ScheduleError, match="`elements` must be at least the machine's 3, not 2"):
        environment(elements=2).reset(seed=0)


def test_a_seed_determines_the_episode() -> None:
    def first(draw: Random) -> Episode:
        return STREAMS["synthetic"](draw)

    made = SchedulingEnvironment(first, shipped())
    one, other = (made.reset(seed=4)[0] for _ in range(2))
    assert all((one[name] == other[name]).all() for name in one)
