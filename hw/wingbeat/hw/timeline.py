"""When each instruction starts and ends: the cycle model of a whole machine.

Units run decoupled behind queues and order themselves by wait/release tokens, so the model keeps,
for each unit, when it is free, and for each pair of units the times of the tokens between them.
The weight stream is a unit of its own, see `weight_stream`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import VECTOR_ACCEPT, Cost, cost, dispatch, loading
from wingbeat.hw.isa.instructions import Instruction, Scalar, System, Unit
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.sequencer import Registers
from wingbeat.hw.weight_stream import WeightStream

_ST, _MPE, _MISC, _SYS = Unit.ST.value, Unit.MPE.value, Unit.MISC.value, Unit.SYS.value

UNITS_OF_MASK = [[unit.value for unit in Unit if mask >> unit.value & 1] for mask in range(32)]
"""Units of each wait or release mask."""

QUEUE = 2
"""Cycles of an instruction through its unit's queue."""

TOKEN = 2
"""Cycles from the end of an instruction until a token of it can be taken."""

_IDLE = (Scalar.PEEK, Scalar.HALT)
"""What the sequencer does when all units are idle."""


@dataclass(frozen=True, slots=True)
class Span:
    """Cycles of one instruction: from its start to when its results are visible."""

    start: int
    end: int
    cost: Cost


@dataclass
class Totals:
    """Sums over a run, for utilisation and bandwidth; `busy` is indexed by unit."""

    instructions: int = 0
    stream: int = 0
    transfer: int = 0
    products: int = 0
    busy: list[int] = field(default_factory=lambda: [0] * len(Unit))


class Timeline:
    """Follows instructions in program order and says when each would run.

    Parameters
    ----------
    config : the machine
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        self._stream = WeightStream(config)
        # indexed by unit; tokens by 8 * from + to
        self._free = [0] * len(Unit)
        self._visible = [0] * len(Unit)
        self._tokens: list[deque[int]] = [deque() for _ in range(64)]
        self._queues: list[deque[int]] = [deque() for _ in Unit]
        depth = config.queue_depth
        self._depths = [2 * depth if unit is Unit.MPE else depth for unit in Unit]
        self._dispatch = 0
        self.totals = Totals()

    @property
    def now(self) -> int:
        """Cycle by which everything so far is complete."""
        return max(self._dispatch, *self._visible)

    def begin(self, instructions: int) -> None:
        """Start a program of so many instructions: it is loaded first."""
        self._dispatch = self.now + loading(instructions, self._config)

    def advance(self, instruction: Instruction, registers: Registers) -> Span:
        """Place the next instruction of the program."""
        price = cost(instruction, registers.resolve, self._config)
        unit = instruction.unit.value
        self._enter(unit, dispatch(instruction))
        if isinstance(instruction, System) and instruction.operation in _IDLE:
            self._dispatch = max(self._dispatch, *self._visible)
        start = self._dispatch + (0 if unit == _SYS else QUEUE)
        for source in UNITS_OF_MASK[instruction.wait]:
            token = self._take(source, unit)
            start = max(start, token)
            if source == _ST and unit == _MPE:
                self._stream.hold(token)
        if unit == _MISC:
            start += VECTOR_ACCEPT
        start = max(start, self._free[unit])
        finish = start + price.busy
        if price.stream:
            finish = self._stream.multiply(self._dispatch + QUEUE, start, price)
        elif price.transfer:
            # LD and ST share port 0 with the weight stream
            self._stream.lend(price.transfer // BEAT_BYTES * 128 // self._config.port_bits)
        if unit == _SYS:
            self._dispatch = start
        self._free[unit] = finish
        # a unit's results become visible in order
        end = max(finish + price.latency, self._visible[unit])
        self._visible[unit] = end
        self._queues[unit].append(start)
        for target in UNITS_OF_MASK[instruction.release]:
            self._tokens[8 * unit + target].append(end + TOKEN)
        self._count(unit, price)
        return Span(start, end, price)

    def _enter(self, unit: int, cycles: int) -> None:
        """Dispatch to a unit: wait for the sequencer and a place in the queue."""
        queue = self._queues[unit]
        self._dispatch += cycles
        if len(queue) >= self._depths[unit]:
            self._dispatch = max(self._dispatch, queue.popleft())

    def _take(self, source: int, target: int) -> int:
        tokens = self._tokens[8 * source + target]
        return tokens.popleft() if tokens else 0

    def _count(self, unit: int, price: Cost) -> None:
        totals = self.totals
        totals.instructions += 1
        totals.stream += price.stream
        totals.transfer += price.transfer
        totals.products += price.products
        totals.busy[unit] += price.busy
