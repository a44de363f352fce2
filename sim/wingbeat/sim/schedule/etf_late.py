"""ETF that commits late: the simplest scheduler that waits.

Ours, for the comparison: it needs no more than ETF does, and is better where there is much to do,
because what happens meanwhile can still change where a task goes.
"""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.sim.schedule.etf import Etf
from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.state import NONE, State


class EtfLate:
    """Maps all ready tasks as ETF does, and places those whose element has nothing to do."""

    def __init__(self) -> None:
        self._etf = Etf()

    def decide(self, state: State) -> Iterator[Placement]:
        """Place at most one task on each element that has none; the others wait."""
        for task, number in self._etf.decide(state):
            element = state.elements[number]
            if element.running == NONE and not element.queue:
                yield task, number
