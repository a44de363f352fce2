"""MCT: minimum completion time.

M. Maheswaran et al., "Dynamic mapping of a class of independent tasks onto heterogeneous computing
systems", J. Parallel Distrib. Comput. 59, 1999.
"""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.state import State


class Mct:
    """Each ready task, first come first, goes to the element that is expected to finish it first.

    As defined, for independent tasks: transfers are not in its model.
    """

    def decide(self, state: State) -> Iterator[Placement]:
        """Place all ready tasks."""
        available = state.available()
        for task in list(state.ready):
            costs = state.costs(task)
            element = min(state.supported(task), key=lambda e: available[e] + costs[e])
            available[element] += costs[element]
            yield task, element
