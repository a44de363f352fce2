"""EFT: earliest finish time.

S. E. Arda et al., "DS3: a system-level domain-specific system-on-chip simulation framework", IEEE
Transactions on Computers 69(8), 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.state import State


class Eft:
    """Each ready task, first come first, goes to the element that is expected to finish it first.

    Unlike MCT it knows when the task's data are at each element.
    """

    def decide(self, state: State) -> Iterator[Placement]:
        """Place all ready tasks."""
        available = state.available()
        for task in list(state.ready):
            costs, data = state.costs(task), state.data_at(task)
            finish, element = min(
                (max(available[e], data[e]) + costs[e], e) for e in state.supported(task)
            )
            available[element] = finish
            yield task, element
