"""A start of the program as tasks: groups of instructions, with what they wait for.

A group is instructions of one unit for one purpose that follow each other, with nothing between
them that another unit waits for or is waited for. What it waits for are the group before it on the
same unit, and the groups whose tokens its first instruction takes; a PEEK waits for all units, and
everything behind it for the PEEK.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import VECTOR_ACCEPT, Cost, cost
from wingbeat.hw.isa.instructions import Instruction, Scalar, System, Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.sequencer import Sequencer
from wingbeat.hw.timeline import QUEUE, TOKEN, UNITS_OF_MASK
from wingbeat.hw.weight_stream import OPERANDS


@dataclass
class Group:
    """Instructions that a unit executes one after the other.

    Attributes
    ----------
    unit : that executes them
    purpose : what they are for
    cycles : for which the unit is busy
    after : groups that it waits for, and cycles from the end of each until its tokens are there
    """

    unit: Unit
    purpose: str
    cycles: int = 0
    after: dict[int, int] = field(default_factory=dict)


def groups_of(
    program: Program,
    arguments: Mapping[str, int],
    config: AcceleratorConfig,
    purposes: Sequence[str],
) -> list[Group]:
    """Return a start's groups in program order.

    Parameters
    ----------
    program : verified program
    arguments : of the start
    config : the machine
    purposes : what each instruction is for
    """
    grouping = _Grouping(config)
    sequencer = Sequencer(program, arguments, lambda system, registers: 0)
    for pc, instruction in sequencer.run():
        if isinstance(instruction, System) and instruction.operation in (Scalar.PEEK, Scalar.HALT):
            grouping.barrier()
        if instruction.unit is Unit.SYS:
            continue
        price = cost(instruction, sequencer.registers.resolve, config)
        grouping.add(instruction, purposes[pc], price)
    return grouping.groups


class _Grouping:
    """Groups so far, the tokens between units, and each unit's group at hand."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self.groups: list[Group] = []
        self._config = config
        self._last: dict[Unit, int] = {}
        self._closed: set[Unit] = set()
        self._latency: dict[int, int] = {}
        self._barrier: dict[int, int] = {}
        self._tokens: dict[tuple[int, int], deque[tuple[int, int]]] = {}

    def add(self, instruction: Instruction, purpose: str, price: Cost) -> None:
        """Put an instruction into its unit's group, or into a new one."""
        unit = instruction.unit
        number = self._last.get(unit, -1)
        waits = UNITS_OF_MASK[instruction.wait]
        begun = number >= 0 and unit not in self._closed and not waits
        if not begun or self.groups[number].purpose != purpose:
            number = self._begin(unit, purpose)
        group = self.groups[number]
        for source in waits:
            tokens = self._tokens.get((source, unit.value))
            if tokens:
                before, latency = tokens.popleft()
                group.after[before] = max(latency, group.after.get(before, 0))
        group.cycles += self._cycles(unit, price)
        self._latency[number] = price.latency + TOKEN + QUEUE
        for target in UNITS_OF_MASK[instruction.release]:
            self._closed.add(unit)
            waiting = self._tokens.setdefault((unit.value, target), deque())
            waiting.append((number, self._latency[number]))

    def barrier(self) -> None:
        """Let what follows wait for everything so far."""
        self._barrier = {number: self._latency[number] for number in self._last.values()}
        self._closed.update(self._last)

    def _begin(self, unit: Unit, purpose: str) -> int:
        """Begin a group behind the last one of its unit; return its number."""
        group = Group(unit, purpose, after=dict(self._barrier))
        before = self._last.get(unit)
        if before is not None:
            group.after.setdefault(before, 0)
        self.groups.append(group)
        self._last[unit] = len(self.groups) - 1
        self._closed.discard(unit)
        return self._last[unit]

    def _cycles(self, unit: Unit, price: Cost) -> int:
        """Return the cycles of an instruction that keep the next one of its unit waiting."""
        if unit is Unit.MPE:
            words = -(-price.stream // self._config.port_bytes)
            return max(price.busy + OPERANDS, words)
        return price.busy + (VECTOR_ACCEPT if unit is Unit.MISC else 0)
