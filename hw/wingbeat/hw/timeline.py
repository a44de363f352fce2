"""When each instruction starts and ends: the cycle model of a whole machine.

Units run decoupled behind queues and order themselves by wait/release tokens, so the model keeps,
for each unit, when it is free, and for each pair of units the times of the tokens between them.
The weight stream is a unit of its own: it reads ahead of the multiplication that uses it, up to
the depth of the lanes' queues, but never before a token from ST, which guards the caches.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import DISPATCH, MEMORY_LATENCY, Cost, cost
from wingbeat.hw.isa.instructions import Instruction, Unit
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.sequencer import Registers

_ST, _MPE, _SYS = Unit.ST.value, Unit.MPE.value, Unit.SYS.value

UNITS_OF_MASK = [[unit.value for unit in Unit if mask >> unit.value & 1] for mask in range(32)]
"""Units of each wait or release mask."""


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
        self._prefetch = config.prefetch_beats * config.lanes * BEAT_BYTES // config.port_bytes
        # indexed by unit; tokens by 8 * from + to
        self._free = [0] * len(Unit)
        self._visible = [0] * len(Unit)
        self._tokens: list[deque[int]] = [deque() for _ in range(64)]
        self._queues: list[deque[int]] = [deque() for _ in Unit]
        self._dispatch = 0
        self._stream_free = 0
        self._guard = 0  # when the latest token from ST was there: no later stream is read before
        self.totals = Totals()

    @property
    def now(self) -> int:
        """Cycle by which everything so far is complete."""
        return max(self._dispatch, *self._visible)

    def advance(self, instruction: Instruction, registers: Registers) -> Span:
        """Place the next instruction of the program."""
        price = cost(instruction, registers.resolve, self._config)
        unit = instruction.unit.value
        start = self._enter(unit)
        for source in UNITS_OF_MASK[instruction.wait]:
            token = self._take(source, unit)
            start = max(start, token)
            if source == _ST and unit == _MPE:
                self._guard = token
        finish = start + price.busy
        if price.stream:
            finish = max(finish, self._read(price.stream))
        elif price.transfer:
            # LD and ST share port 0 with the weight stream
            self._stream_free += price.transfer // BEAT_BYTES * 128 // self._config.port_bits
        if unit == _SYS:
            self._dispatch = finish
        self._free[unit] = finish
        # a unit's results become visible in order
        end = max(finish + price.latency, self._visible[unit])
        self._visible[unit] = end
        self._queues[unit].append(finish)
        for target in UNITS_OF_MASK[instruction.release]:
            self._tokens[8 * unit + target].append(end)
        self._count(unit, price)
        return Span(start, end, price)

    def _enter(self, unit: int) -> int:
        """Dispatch to a unit: wait for the sequencer, a place in the queue, and the unit."""
        queue = self._queues[unit]
        if len(queue) > self._config.queue_depth:
            self._dispatch = max(self._dispatch, queue.popleft())
        self._dispatch += DISPATCH
        return max(self._dispatch, self._free[unit])

    def _take(self, source: int, target: int) -> int:
        tokens = self._tokens[8 * source + target]
        return tokens.popleft() if tokens else 0

    def _read(self, size: int) -> int:
        """Return when the last beat of a stream has arrived, read as far ahead as queues allow."""
        cycles = -(-size // self._config.port_bytes)
        ahead = self._free[_MPE] - self._prefetch
        begin = max(self._stream_free, ahead, self._dispatch, self._guard)
        self._stream_free = begin + cycles
        return self._stream_free + MEMORY_LATENCY

    def _count(self, unit: int, price: Cost) -> None:
        totals = self.totals
        totals.instructions += 1
        totals.stream += price.stream
        totals.transfer += price.transfer
        totals.products += price.products
        totals.busy[unit] += price.busy
