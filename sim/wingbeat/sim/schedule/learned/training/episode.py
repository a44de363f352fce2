"""An episode: jobs that arrive on a machine, with all that is random about them fixed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.workload import Admission, exponential


@dataclass(frozen=True, eq=False)
class Episode:
    """Jobs that arrive, and how long their tasks take.

    Attributes
    ----------
    graphs : the kinds of jobs
    gaps, kinds : of each arrival, the ticks since the one before and the place in `graphs`
    admission, noise, seed, horizon : as in `Emulator`
    """

    graphs: tuple[Graph, ...]
    gaps: NDArray[np.int64]
    kinds: NDArray[np.int32]
    admission: Admission = Admission()  # noqa: RUF009 - frozen
    noise: float = 0.0
    seed: int = 0
    horizon: int | None = None

    def emulator(self) -> Emulator:
        """Return the emulator at the beginning of the episode."""
        arrivals = (
            (gap, self.graphs[kind])
            for gap, kind in zip(self.gaps.tolist(), self.kinds.tolist(), strict=True)
        )
        return Emulator(
            self.graphs[0].machine,
            arrivals,
            self.admission,
            noise=self.noise,
            seed=self.seed,
            horizon=self.horizon,
        )

    def deviations(self) -> NDArray[np.float64]:
        """Return the noise of all tasks, in the order in which the emulator draws it."""
        draw = random.Random(f"noise {self.seed}")
        sizes = np.array([len(graph) for graph in self.graphs])
        count = int(sizes[self.kinds].max(initial=0)) * len(self.kinds) if self.noise else 0
        return np.array([draw.gauss(0.0, 1.0) for _ in range(count)])


def stream_episode(
    graphs: Sequence[Graph],
    weights: Sequence[float],
    mean_gap: float,
    admission: Admission,
    *,
    noise: float,
    seed: int,
    horizon: int,
) -> Episode:
    """Return an episode of a Poisson process; the same jobs as `exponential` has under the seed."""
    count = int(horizon / mean_gap * 1.5) + 50
    kinds = {id(graph): kind for kind, graph in enumerate(graphs)}
    drawn = list(islice(exponential(graphs, weights, mean_gap, seed), count))
    return Episode(
        tuple(graphs),
        np.array([gap for gap, _ in drawn], np.int64),
        np.array([kinds[id(graph)] for _, graph in drawn], np.int32),
        admission,
        noise,
        seed,
        horizon,
    )


def single_episode(graph: Graph) -> Episode:
    """Return an episode of one job that has the machine for itself."""
    return Episode((graph,), np.zeros(1, np.int64), np.zeros(1, np.int32))
