"""FIFO: one job after the other, in the order of their arrival."""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.state import State


class Fifo:
    """Each ready task of the oldest job goes where it finishes first; all other jobs wait.

    What a host does that starts one request on a device, and the next when that one is done.
    """

    def decide(self, state: State) -> Iterator[Placement]:
        """Place the ready tasks of the oldest job."""
        oldest = state.live[0]
        available = state.available()
        for task in list(state.ready):
            if state.job[task] != oldest:
                continue
            costs, data = state.costs(task), state.data_at(task)
            finish, element = min(
                (max(available[e], data[e]) + costs[e], e) for e in state.supported(task)
            )
            available[element] = finish
            yield task, element
