"""The policy's network, in NumPy: what inference runs.

Tasks of a graph exchange messages with their successors and predecessors, which gives each an
embedding; the mean over those of a job that are not placed is the job's, and the mean over jobs
that of the whole queue. A score of each pair of a ready task and a free element then follows from
the pair's features and these three. A pair below zero should wait. Sums and means are over
whatever is there, so the number of tasks, elements and jobs is free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wingbeat.sim.schedule.learned.graph_view import NODE_FEATURES, Floats, GraphView

PAIR_FEATURES = 9
TASK_FEATURES = 10
QUEUE_FEATURES = 7
EMBEDDING = 8
HIDDEN = 24
ROUNDS = 3

SHAPES: dict[str, tuple[int, ...]] = {
    "node": (NODE_FEATURES, EMBEDDING),
    "node_bias": (EMBEDDING,),
    "after": (EMBEDDING, EMBEDDING),
    "before": (EMBEDDING, EMBEDDING),
    "pair": (PAIR_FEATURES, HIDDEN),
    "task": (TASK_FEATURES, HIDDEN),
    "queue": (QUEUE_FEATURES, HIDDEN),
    "embedding": (EMBEDDING, HIDDEN),
    "job": (EMBEDDING, HIDDEN),
    "jobs": (EMBEDDING, HIDDEN),
    "hidden_bias": (HIDDEN,),
    "out": (HIDDEN,),
    "pair_out": (PAIR_FEATURES,),
    "task_out": (TASK_FEATURES,),
    "queue_out": (QUEUE_FEATURES,),
    "out_bias": (1,),
}
"""Parameters by name. Those that end in `_out` skip the hidden layer."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A moment, as the network sees it: `T` ready tasks, `E` free elements.

    Attributes
    ----------
    pairs : features, `(T, E, PAIR_FEATURES)`
    tasks : features, `(T, TASK_FEATURES)`
    queue : features, `(QUEUE_FEATURES,)`
    embedded : of each task, its own embedding's part of the hidden layer, `(T, HIDDEN)`
    job : of each task, its job's embedding, `(T, EMBEDDING)`
    jobs : mean embedding of all jobs, `(EMBEDDING,)`
    """

    pairs: Floats
    tasks: Floats
    queue: Floats
    embedded: Floats
    job: Floats
    jobs: Floats


class Network:
    """The network with its parameters.

    Parameters
    ----------
    parameters : arrays as `SHAPES` has them
    """

    def __init__(self, parameters: Mapping[str, Floats]) -> None:
        self.parameters = {name: np.asarray(parameters[name], float) for name in SHAPES}
        self._pair = np.ascontiguousarray(self.parameters["pair"])
        self._by_task = np.concatenate([self.parameters["task"], self.parameters["job"]])
        self._by_queue = np.concatenate([self.parameters["queue"], self.parameters["jobs"]])

    def embed(self, view: GraphView) -> Floats:
        """Return the embedding of each task of a graph, `(tasks, EMBEDDING)`."""
        p = self.parameters
        own = view.nodes @ p["node"] + p["node_bias"]
        state = np.maximum(own, 0.0)
        for _ in range(ROUNDS):
            state = np.maximum(
                own + view.after @ state @ p["after"] + view.before @ state @ p["before"], 0.0
            )
        return np.asarray(state, float)

    def embedded(self, embeddings: Floats) -> Floats:
        """Return what embeddings of tasks add to the hidden layer."""
        return np.asarray(embeddings @ self.parameters["embedding"], float)

    def scores(self, seen: Observation) -> Floats:
        """Return the score of each pair, `(T, E)`."""
        p = self.parameters
        queue = np.concatenate([seen.queue, seen.jobs]) @ self._by_queue + p["hidden_bias"]
        task = np.concatenate([seen.tasks, seen.job], axis=1) @ self._by_task
        task += seen.embedded
        task += queue
        hidden = seen.pairs @ self._pair
        hidden += task[:, None, :]
        np.maximum(hidden, 0.0, out=hidden)
        scores: Floats = hidden @ p["out"]
        scores += seen.pairs @ p["pair_out"]
        scores += (seen.tasks @ p["task_out"])[:, None]
        scores += seen.queue @ p["queue_out"] + p["out_bias"][0]
        return scores


def initial(seed: int) -> dict[str, Floats]:
    """Return parameters to start from: random below, and nothing above."""
    draw = np.random.default_rng(seed)
    return {
        name: np.zeros(shape)
        if name.endswith(("bias", "out"))
        else draw.normal(0.0, shape[0] ** -0.5, shape)
        for name, shape in SHAPES.items()
    }
