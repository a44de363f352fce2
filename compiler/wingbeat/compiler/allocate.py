"""On-chip memory: buffers that are never alive at once share their place.

Greedy by size: the largest buffer goes to the lowest address where no buffer that lives at the
same time lies. Lifetimes are counted in steps of the program; a buffer that is used both inside
and outside of a loop lives as long as the loop.

Where buffers share a place, units that run decoupled wait for each other. So a place is left alone
for some steps before it is used again, as many as there is room for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from wingbeat.compiler.lower.code import Buffer, Loop, Step
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import CompileError
from wingbeat.hw.isa.footprint import Space


@dataclasses.dataclass
class Lifetime:
    """First and last step in which a buffer's contents matter."""

    first: int
    last: int

    def overlaps(self, other: Lifetime) -> bool:
        """Whether both are alive in one step."""
        return self.first <= other.last and other.first <= self.last


def lifetimes(body: list[Step | Loop]) -> dict[Buffer, Lifetime]:
    """Return the lifetime of every buffer."""
    uses: dict[Buffer, list[int]] = {}
    loops: list[tuple[int, int]] = []
    clock = 0

    def visit(items: list[Step | Loop]) -> None:
        nonlocal clock
        for item in items:
            if isinstance(item, Step):
                for buffer, _ in item.touched():
                    uses.setdefault(buffer, []).append(clock)
                clock += 1
            else:
                start = clock
                visit(item.body)
                loops.append((start, clock - 1))

    visit(body)
    result = {}
    for buffer, times in uses.items():
        life = Lifetime(min(times), max(times))
        # inner loops come first in the list, so that an outer one sees what they did
        for start, end in loops:
            inside = sum(start <= time <= end for time in times)
            if 0 < inside < len(times):
                life.first, life.last = min(life.first, start), max(life.last, end)
        result[buffer] = life
    return result


REST = (64, 32, 16, 8, 4, 2, 1, 0)
"""Steps for which a place rests between two buffers: the first of these that there is room for."""


def allocate(body: list[Step | Loop], config: AcceleratorConfig) -> Mapping[Buffer, int]:
    """Give every buffer its address, in granules or groups.

    Raises
    ------
    CompileError
        If a memory is too small.
    """
    alive = lifetimes(body)
    for rest in REST[:-1]:
        rested = {buffer: Lifetime(life.first, life.last + rest) for buffer, life in alive.items()}
        try:
            return _placed(rested, config)
        except CompileError:
            pass
    return _placed(alive, config)


def _placed(alive: Mapping[Buffer, Lifetime], config: AcceleratorConfig) -> Mapping[Buffer, int]:
    """Place the largest first."""
    room = {Space.VECTOR: config.vector_granules, Space.OPERAND: config.operand_groups}
    places: dict[Buffer, int] = {}
    # equal sizes by first use and name: the same program every time
    order = sorted(alive, key=lambda b: (-b.size, alive[b].first, b.name))
    for buffer in order:
        busy = sorted(
            (places[other], places[other] + other.size)
            for other in places
            if other.space is buffer.space and alive[other].overlaps(alive[buffer])
        )
        address = 0
        for start, stop in busy:
            if start - address >= buffer.size:
                break
            address = max(address, stop)
        if address + buffer.size > room[buffer.space]:
            raise CompileError(
                f"{buffer.space.name.lower()} memory must have room for `{buffer.name}` "
                f"({address + buffer.size} {buffer.space.value}), not {room[buffer.space]}: "
                "shorten the context or enlarge the memory"
            )
        places[buffer] = address
    return places
