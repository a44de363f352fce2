"""Units, queues and counters with no sense of time: any order of events that could happen."""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from wingbeat.hw.isa.instructions import COUNTER_LIMIT, Instruction, Unit
from wingbeat.hw.verify.counters import Pair, units


@dataclass
class Decoupled:
    """A machine that is stepped by choosing one of the events that may happen next.

    Attributes
    ----------
    depth : instructions that wait at a unit
    queues, running : what each unit has before it, and what it works on
    counters : tokens on their way
    """

    trace: deque[Instruction]
    depth: int
    queues: dict[Unit, deque[Instruction]] = field(
        default_factory=lambda: {unit: deque() for unit in Unit}
    )
    running: dict[Unit, Instruction] = field(default_factory=dict)
    counters: dict[Pair, int] = field(default_factory=dict)

    def events(self) -> Iterable[tuple[str, Unit]]:
        """Everything that may happen next."""
        # SYS instructions are executed before anything behind them is dispatched
        if self.trace and not self.queues[Unit.SYS] and Unit.SYS not in self.running:
            unit = self.trace[0].unit
            if len(self.queues[unit]) < self.depth:
                yield "dispatch", unit
        for unit in Unit:
            if unit in self.running:
                targets = units(self.running[unit].release)
                if all(self.counters.get((unit, to), 0) < COUNTER_LIMIT for to in targets):
                    yield "finish", unit
            elif self.queues[unit]:
                sources = units(self.queues[unit][0].wait)
                if all(self.counters.get((source, unit), 0) for source in sources):
                    yield "start", unit

    def happen(self, event: str, unit: Unit) -> None:
        if event == "dispatch":
            self.queues[unit].append(self.trace.popleft())
        elif event == "start":
            self.running[unit] = self.queues[unit].popleft()
            for source in units(self.running[unit].wait):
                self.counters[source, unit] -= 1
        else:
            for target in units(self.running.pop(unit).release):
                self.counters[unit, target] = self.counters.get((unit, target), 0) + 1


def ends(trace: Iterable[Instruction], rng: random.Random, depth: int) -> bool:
    """Whether a machine gets to the end of a trace, with every counter at 0; else it is stuck."""
    machine = Decoupled(deque(trace), depth)
    while possible := list(machine.events()):
        machine.happen(*rng.choice(possible))
    left = machine.trace or machine.running or any(machine.queues.values())
    return not left and not any(machine.counters.values())
