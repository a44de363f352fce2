"""Policy gradient with parameter-based exploration.

F. Sehnke et al., "Parameter-exploring policy gradients", Neural Networks 23(4), 2010, with
symmetric samples: the policy itself is deterministic, and what is drawn is its parameters, once an
episode. So all decisions of an episode, however many are joint, come from one policy, and its
return has all their consequences, however late: nothing has to be credited to single decisions.
Both policies of a pair meet the same arrivals and the same noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wingbeat.sim.schedule.learned.graph_view import Floats
from wingbeat.sim.schedule.learned.parameters import unflat
from wingbeat.sim.schedule.learned.training.episode import Episode
from wingbeat.sim.schedule.learned.training.native import rollout
from wingbeat.sim.schedule.learned.training.scenarios import episodes

DEVIATION = 0.05
"""Of the drawn parameters from the mean."""

_OUTLIER = 3.0
"""A pair's difference counts at most so many deviations."""


@dataclass(frozen=True)
class Task:
    """One pair of policies on the episodes of one step.

    Attributes
    ----------
    mean : parameters, as one vector
    seed, step, pair : determine the episodes and the pair
    """

    mean: Floats
    seed: int
    step: int
    pair: int


def direction(size: int, seed: int, step: int, pair: int) -> Floats:
    """Return where a pair's first policy is from the mean; the second is opposite."""
    return np.random.default_rng([seed, step, pair]).normal(size=size)


def cost(episode: Episode, values: Floats) -> float:
    """Return the mean ticks of a job, times how many arrive for each that is let in.

    A job that is not finished counts with what it has waited. So a
    policy gains nothing by having jobs turned away.
    """
    result = rollout(episode, unflat(values))
    jobs = max(1.0, result.finished + result.censored)
    return float((result.latency + result.waited) / jobs * (jobs + result.rejected) / jobs)


def difference(task: Task) -> list[float]:
    """Return, for each scenario, the cost of the first policy less that of the second."""
    away = DEVIATION * direction(len(task.mean), task.seed, task.step, task.pair)
    return [
        cost(episode, task.mean + away) - cost(episode, task.mean - away)
        for episode in episodes(task.seed, task.step).values()
    ]


def gradient(size: int, seed: int, step: int, differences: Floats) -> Floats:
    """Return the direction in which cost grows, all scenarios alike.

    Parameters
    ----------
    size : number of parameters
    seed, step : as in `Task`
    differences : `(pairs, scenarios)`
    """
    usual = 1.4826 * np.median(np.abs(differences), axis=0) + 1e-9
    weights = np.clip(differences / usual, -_OUTLIER, _OUTLIER).mean(axis=1)
    pairs = [direction(size, seed, step, pair) for pair in range(len(weights))]
    return np.asarray(weights @ np.stack(pairs) / len(weights), float)


class Adam:
    """D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR, 2015.

    Parameters
    ----------
    size : number of parameters
    """

    def __init__(self, size: int) -> None:
        self.first = np.zeros(size)
        self.second = np.zeros(size)
        self.steps = 0

    def step(self, gradient: Floats, rate: float) -> Floats:
        """Return what to add to the parameters."""
        self.steps += 1
        self.first = 0.9 * self.first + 0.1 * gradient
        self.second = 0.995 * self.second + 0.005 * gradient**2
        first = self.first / (1 - 0.9**self.steps)
        second = self.second / (1 - 0.995**self.steps)
        return -rate * first / (np.sqrt(second) + 1e-8)
