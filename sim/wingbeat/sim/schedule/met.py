"""MET: minimum execution time.

T. D. Braun et al., "A comparison of eleven static heuristics for mapping a class of independent
tasks onto heterogeneous distributed computing systems", J. Parallel Distrib. Comput. 61, 2001.
"""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.state import State


class Met:
    """Each ready task, first come first, goes to the element on which it costs least.

    Among equals, to the one that is expected to be available first.
    """

    def decide(self, state: State) -> Iterator[Placement]:
        """Place all ready tasks."""
        available = state.available()
        for task in list(state.ready):
            costs = state.costs(task)
            element = min(state.supported(task), key=lambda e: (costs[e], available[e]))
            available[element] += costs[element]
            yield task, element
