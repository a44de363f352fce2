"""The emulator as an environment of gymnasium."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.learned.network import (
    EMBEDDING,
    PAIR_FEATURES,
    QUEUE_FEATURES,
    TASK_FEATURES,
    Network,
)
from wingbeat.sim.schedule.learned.training.episode import Episode
from wingbeat.sim.schedule.learned.view import Choice, View
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.state import NONE

Seen = dict[str, NDArray[Any]]

_LARGEST = 1e6
"""No observation is farther from zero."""


class SchedulingEnvironment(gymnasium.Env[Seen, np.int64]):
    """One placement a step, or to wait for the next event.

    Action `row * elements + column` places the row's task on the column's element; the last action
    waits. An action that is not allowed waits, or, where that is not allowed either, is the first
    that is. The rewards of an episode sum to minus the ticks that all jobs spent in the system,
    measured in mean least costs of a task.

    Parameters
    ----------
    make : draws an episode
    network : gives the embeddings that are observed
    tasks, elements : most ready tasks and most elements that are observed; a ready task beyond
        cannot be placed yet
    """

    def __init__(
        self,
        make: Callable[[Random], Episode],
        network: Network,
        *,
        tasks: int = 32,
        elements: int = 16,
    ) -> None:
        self._make = make
        self._network = network
        self._tasks, self._elements = tasks, elements
        wait = tasks * elements
        self.action_space = spaces.Discrete(wait + 1)
        self.wait = np.int64(wait)
        shapes = {
            "pairs": (tasks, elements, PAIR_FEATURES),
            "tasks": (tasks, TASK_FEATURES),
            "queue": (QUEUE_FEATURES,),
            "job": (tasks, EMBEDDING),
            "jobs": (EMBEDDING,),
        }
        self._spaces = spaces.Dict(
            {name: spaces.Box(-_LARGEST, _LARGEST, shape) for name, shape in shapes.items()}
            | {"allowed": spaces.MultiBinary(wait + 1)}
        )
        self.observation_space = cast("spaces.Space[Seen]", self._spaces)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Seen, dict[str, Any]]:
        """Begin an episode: `options["episode"]`, or one that is drawn."""
        super().reset(seed=seed)
        episode = (options or {}).get("episode") or self._make(
            Random(int(self.np_random.integers(1 << 32)))
        )
        self.emulator: Emulator = episode.emulator()
        state = self.emulator.state
        if len(state.elements) > self._elements:
            raise ScheduleError(
                f"`elements` must be at least the machine's {len(state.elements)}, "
                f"not {self._elements}"
            )
        self._view = View(state, self._network)
        self._unit = sum(np.mean([min(row) for row in g.costs]) for g in episode.graphs)
        self._unit = max(1.0, self._unit / len(episode.graphs))
        self._past, self._known = 0, 0
        self._running: list[int] = []
        self.choice: Choice | None = None
        self._spent()
        self._next()
        return self._observation(), {}

    def step(self, action: np.int64) -> tuple[Seen, float, bool, bool, dict[str, Any]]:
        """Place a task, or wait."""
        if self.choice is None:
            raise ScheduleError("`reset` must come before `step`, after the end of an episode")
        allowed = self._allowed(self.choice)
        chosen = int(action) if allowed[action] else len(allowed) - 1
        if not allowed[chosen]:
            chosen = int(allowed.argmax())
        before = self._spent()
        if chosen == len(allowed) - 1:
            self.choice = None
        else:
            row, column = divmod(chosen, self._elements)
            task = self.choice.tasks[row]
            self.emulator.commit(task, self.choice.elements[column])
            self._view.placed(task)
            self.choice = self._view.choice()
        if self.choice is None:
            self._next()
        reward = (before - self._spent()) / self._unit
        return self._observation(), reward, self.choice is None, False, {}

    def _next(self) -> None:
        """Go to the next moment at which there is a choice."""
        self.choice = None
        while self.choice is None and self.emulator.advance():
            self.choice = self._view.choice()

    def _spent(self) -> int:
        """Return the ticks that all jobs have spent in the system until now."""
        state = self.emulator.state
        self._running += range(self._known, len(state.jobs))
        self._known = len(state.jobs)
        ended = [job for job in self._running if state.jobs[job].finish != NONE]
        self._past += sum(state.jobs[job].finish - state.jobs[job].arrival for job in ended)
        self._running = list(state.live)
        return self._past + sum(state.now - state.jobs[job].arrival for job in state.live)

    def _allowed(self, choice: Choice) -> NDArray[np.int8]:
        allowed = np.zeros((self._tasks, self._elements), np.int8)
        supported = choice.supported[: self._tasks]
        allowed[: supported.shape[0], : supported.shape[1]] = supported
        must = choice.must and bool(supported.any())
        return np.append(allowed.ravel(), np.int8(not must))

    def _observation(self) -> Seen:
        seen: Seen = {
            name: np.zeros(part.shape or (), part.dtype)
            for name, part in self._spaces.spaces.items()
        }
        if self.choice is None:
            return seen
        values = self.choice.seen
        rows = min(self._tasks, len(values.tasks))
        seen["pairs"][:rows, : values.pairs.shape[1]] = values.pairs[:rows]
        seen["tasks"][:rows] = values.tasks[:rows]
        seen["job"][:rows] = values.job[:rows]
        seen["queue"][:] = values.queue
        seen["jobs"][:] = values.jobs
        seen["allowed"][:] = self._allowed(self.choice)
        return seen
