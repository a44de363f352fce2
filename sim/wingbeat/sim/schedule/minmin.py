"""Min-min.

T. D. Braun et al., "A comparison of eleven static heuristics for mapping a class of independent
tasks onto heterogeneous distributed computing systems", J. Parallel Distrib. Comput. 61, 2001.
"""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.state import State


class MinMin:
    """Of all ready tasks, the one with the least minimum completion time, again and again.

    As defined, for independent tasks: transfers are not in its model.
    """

    def decide(self, state: State) -> Iterator[Placement]:
        """Place all ready tasks."""
        available = state.available()
        waiting = list(state.ready)
        while waiting:
            finish, place, element = min(
                (available[e] + state.costs(task)[e], place, e)
                for place, task in enumerate(waiting)
                for e in state.supported(task)
            )
            available[element] = finish
            yield waiting.pop(place), element
