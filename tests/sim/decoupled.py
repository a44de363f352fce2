"""A machine whose units run decoupled, in any order that queues and tokens allow.

It executes with the units of the ISA machine, on registers as they were at dispatch. Each
instruction takes effect at once, at some moment between its start and its end. The matrix unit's
stream reader runs ahead: it stops only for tokens from ST, and what it read is used later.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tests.sim.runner import Runner, copy_of

from wingbeat.hw.isa.instructions import COUNTER_LIMIT, Instruction, Multiply, Scalar, System, Unit
from wingbeat.hw.sequencer import Registers, Sequencer
from wingbeat.hw.stream import Unpacked
from wingbeat.hw.verify.counters import units
from wingbeat.sim.isa.vector import read_word

Choose = Callable[[list[tuple[Unit, str]]], tuple[Unit, str]]
"""Picks the next event: the unit and what it does. SYS dispatches."""


@dataclass
class _Issued:
    instruction: Instruction
    registers: Registers
    done: bool = False
    weights: Unpacked | None = None


@dataclass
class _Unit:
    queue: deque[_Issued] = field(default_factory=deque)
    ahead: deque[_Issued] = field(default_factory=deque)  # MPE: behind the stream reader
    running: _Issued | None = None


class Stuck(Exception):
    """Nothing can happen any more, and the program is not at its end."""


class DecoupledMachine:
    """Runs a start of `runner` to its end."""

    def __init__(self, runner: Runner, depth: int, choose: Choose) -> None:
        self._machine = runner.machine
        self._image = runner.image
        self._depth = depth
        self._choose = choose
        self._units: dict[Unit, _Unit] = {unit: _Unit() for unit in Unit if unit is not Unit.SYS}
        self._tokens = {(a, b): 0 for a in Unit for b in Unit}
        self._prepared: Unpacked | None = None

    def run(self, arguments: Mapping[str, int]) -> None:
        vectors = self._machine._vectors

        def peek(system: System, registers: Registers) -> int:
            return read_word(vectors, system.vector, registers, system.length)

        sequencer = Sequencer(self._image.program, arguments, peek)
        program = sequencer.run()
        _, instruction = next(program)
        ended = False
        while True:
            events = self._events()
            if not ended and self._dispatchable(instruction):
                events.append((Unit.SYS, "dispatch"))
            if not events:
                break
            unit, event = self._choose(events)
            if event != "dispatch":
                self._happen(unit, event)
                continue
            if instruction.unit is Unit.SYS:
                self._take(instruction, units(instruction.wait))
                self._give(instruction)
            else:
                issued = _Issued(instruction, copy_of(sequencer.registers))
                self._units[instruction.unit].queue.append(issued)
            following = next(program, None)
            if following is None:
                ended = True
            else:
                instruction = following[1]
        busy = [u.name for u, s in self._units.items() if s.queue or s.ahead or s.running]
        left = [pair for pair, count in self._tokens.items() if count]
        if not ended or busy or left:
            raise Stuck(f"{busy} {left}")

    def _dispatchable(self, instruction: Instruction) -> bool:
        if instruction.unit is not Unit.SYS:
            return len(self._units[instruction.unit].queue) < self._depth
        if isinstance(instruction, System) and instruction.operation is Scalar.HALT:
            return not any(u.queue or u.ahead or u.running for u in self._units.values())
        return self._available(instruction, units(instruction.wait))

    def _available(self, instruction: Instruction, sources: Iterable[Unit]) -> bool:
        return all(self._tokens[source, instruction.unit] for source in sources)

    def _take(self, instruction: Instruction, sources: Iterable[Unit]) -> None:
        for source in sources:
            self._tokens[source, instruction.unit] -= 1

    def _give(self, instruction: Instruction) -> None:
        for target in units(instruction.release):
            self._tokens[instruction.unit, target] += 1

    def _waits(self, unit: Unit, instruction: Instruction, reader: bool) -> tuple[Unit, ...]:
        """Tokens taken by the stream reader, or by what is behind it; all at once elsewhere."""
        sources = units(instruction.wait)
        if unit is not Unit.MPE:
            return tuple(sources)
        return tuple(s for s in sources if (s is Unit.ST) == reader)

    def _events(self) -> list[tuple[Unit, str]]:
        events: list[tuple[Unit, str]] = []
        for unit, state in self._units.items():
            if unit is Unit.MPE and state.queue and len(state.ahead) < self._depth:
                first = state.queue[0].instruction
                if self._available(first, self._waits(unit, first, True)):
                    events.append((unit, "read"))
            if state.running is not None:
                if not state.running.done:
                    events.append((unit, "work"))
                else:
                    targets = units(state.running.instruction.release)
                    if all(self._tokens[unit, to] < COUNTER_LIMIT for to in targets):
                        events.append((unit, "finish"))
                continue
            queue = state.ahead if unit is Unit.MPE else state.queue
            if queue:
                first = queue[0].instruction
                if self._available(first, self._waits(unit, first, False)):
                    events.append((unit, "start"))
        return events

    def _happen(self, unit: Unit, event: str) -> None:
        state = self._units[unit]
        if event == "read":
            issued = state.queue.popleft()
            self._take(issued.instruction, self._waits(unit, issued.instruction, True))
            issued.weights = self._read(issued)
            state.ahead.append(issued)
        elif event == "start":
            issued = (state.ahead if unit is Unit.MPE else state.queue).popleft()
            self._take(issued.instruction, self._waits(unit, issued.instruction, False))
            state.running = issued
        else:
            assert state.running is not None
            if event == "work":
                self._work(state.running)
                state.running.done = True
            else:
                self._give(state.running.instruction)
                state.running = None

    def _read(self, issued: _Issued) -> Unpacked | None:
        multiply, registers = issued.instruction, issued.registers
        if not isinstance(multiply, Multiply):
            return None
        tiles, groups = registers.resolve(multiply.tiles), registers.resolve(multiply.groups)
        if not tiles * registers.resolve(multiply.outer) * multiply.inner:
            return None
        address = registers.resolve(multiply.address)
        weights: Unpacked = self._machine._matrix._weights(multiply, address, tiles, groups)
        return weights

    def _work(self, issued: _Issued) -> None:
        if issued.weights is None:
            self._machine._execute(issued.instruction, issued.registers)
            return
        matrix, weights = self._machine._matrix, issued.weights
        original = matrix._weights
        matrix._weights = lambda *_: weights  # type: ignore[method-assign]
        try:
            self._machine._execute(issued.instruction, issued.registers)
        finally:
            matrix._weights = original  # type: ignore[method-assign]


def at_random(seed: int) -> Choose:
    return random.Random(seed).choice


def biased(seed: int, order: tuple[Unit, ...]) -> Choose:
    """Always the first unit of `order` that can do something, with a rare exception."""
    rng = random.Random(seed)

    def choose(events: list[tuple[Unit, str]]) -> tuple[Unit, str]:
        if rng.random() < 0.02:
            return rng.choice(events)
        return min(events, key=lambda event: (order.index(event[0]), event[1] != "read"))

    return choose
