"""The learned policy as a scheduler of streams."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from wingbeat.sim.schedule.learned.network import Network
from wingbeat.sim.schedule.learned.parameters import shipped
from wingbeat.sim.schedule.learned.view import View
from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.state import State

ROUNDING = 1e-9
"""Scores that differ by less are equal."""


class Policy:
    """Of all ready tasks and free elements, the pair of the highest score, until it is below zero.

    Only elements that have nothing to do are given a task, since what happens before an element is
    free may still change what it should do. After each placement the scores are computed anew, so
    the placements of one moment know of each other.

    Parameters
    ----------
    network : gives the scores
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._view: View | None = None

    def decide(self, state: State) -> Iterator[Placement]:
        """Place tasks on free elements; the others wait."""
        if self._view is None or self._view.state is not state:
            self._view = View(state, self._network)
        while (choice := self._view.choice()) is not None:
            scores = np.where(choice.supported, self._network.scores(choice.seen), -np.inf)
            # elements of one class tie but for rounding: the first of them
            place = int((scores >= scores.max() - ROUNDING).argmax())
            row, column = divmod(place, scores.shape[1])
            score = scores[row, column]
            if score == -np.inf or (score <= 0.0 and not choice.must):
                return
            task, element = choice.tasks[row], choice.elements[column]
            yield task, element
            self._view.placed(task)


class Learned(Policy):
    """The policy that the package ships."""

    def __init__(self) -> None:
        super().__init__(shipped())
