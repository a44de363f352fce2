"""HEFT_RT: HEFT at run time.

J. Mack et al., "Performant, multi-objective scheduling of highly interleaved task graphs on
heterogeneous system on chip devices", IEEE Transactions on Parallel and Distributed Systems 33(9),
2022.
"""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.state import State


class HeftRt:
    """Ready tasks by descending mean cost, each to the element expected to finish it first.

    The upward rank of HEFT over nothing but the ready tasks is their mean cost; transfers are not
    in its model.
    """

    def decide(self, state: State) -> Iterator[Placement]:
        """Place all ready tasks."""
        available = state.available()
        for task in sorted(state.ready, key=lambda ready: -_mean_cost(state, ready)):
            costs = state.costs(task)
            finish, element = min((available[e] + costs[e], e) for e in state.supported(task))
            available[element] = finish
            yield task, element


def _mean_cost(state: State, task: int) -> float:
    return state.jobs[state.job[task]].graph.mean_cost[state.index[task]]
