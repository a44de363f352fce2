"""ETF: earliest task first.

J.-J. Hwang et al., "Scheduling precedence graphs in systems with interprocessor communication
times", SIAM J. Comput. 18(2), 1989; for unrelated elements as in S. E. Arda et al., "DS3: a
system-level domain-specific system-on-chip simulation framework", IEEE Transactions on Computers
69(8), 2020: the task that *finishes* first, which on related elements of one speed is the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.state import State


class Etf:
    """Of all ready tasks and elements, the pair with the earliest finish, again and again.

    Among equals, the task that became ready first.
    """

    def decide(self, state: State) -> Iterator[Placement]:
        """Place all ready tasks."""
        available = state.available()
        best = {}
        for task in state.ready:
            costs, data = state.costs(task), state.data_at(task)
            best[task] = min(
                (max(available[e], data[e]) + costs[e], e) for e in state.supported(task)
            )
        while best:
            task = min(best, key=lambda waiting: best[waiting][0])
            finish, element = best.pop(task)
            available[element] = finish
            yield task, element
            for other, (_, chosen) in best.items():
                if chosen == element:
                    costs, data = state.costs(other), state.data_at(other)
                    best[other] = min(
                        (max(available[e], data[e]) + costs[e], e) for e in state.supported(other)
                    )
