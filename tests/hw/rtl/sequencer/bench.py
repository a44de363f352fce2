"""The sequencer in simulation, with units that take as long as they like."""

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.hw.rtl.sequencer.definition import stored_word

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import INSTRUCTION_BYTES, Unit
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.isa.program import Program
from wingbeat.hw.rtl.sequencer.program import PC_BITS, UNITS
from wingbeat.hw.rtl.sequencer.sequencer import Sequencer
from wingbeat.sim.rtl.harness import Simulation

PROGRAM_BEAT = 0x1234
Event = tuple[int, int]
"""Cycle, and what happened."""


@dataclass
class Trace:
    """What the RTL did.

    Attributes
    ----------
    commands : of each unit, with the bits; `ahead` those of the stream reader
    done : of each unit, cycles in which commands end
    retired : of each unit, with the pc
    state, error, place : at the end; `place` is unit and pc of the error
    """

    commands: dict[Unit, list[Event]] = field(default_factory=lambda: {u: [] for u in UNITS})
    ahead: list[Event] = field(default_factory=list)
    done: dict[Unit, list[int]] = field(default_factory=lambda: {u: [] for u in UNITS})
    retired: dict[Unit, list[Event]] = field(default_factory=lambda: {u: [] for u in Unit})
    state: State = State.RUNNING
    error: ErrorCode = ErrorCode.NONE
    place: tuple[Unit, int] = (Unit.LD, 0)
    cycles: int = 0


@dataclass
class Model:
    """A unit: accepts commands when it feels like it, and finishes them in order."""

    name: str
    rng: random.Random
    slowest: int
    most: int
    due: deque[int] = field(default_factory=deque)
    ready: bool = False
    done: bool = False

    def drive(self, sim: Simulation, cycle: int) -> None:
        self.ready = len(self.due) < self.most and self.rng.random() < 0.6
        self.done = bool(self.due) and self.due[0] <= cycle
        sim.set(f"{self.name}__command__ready", self.ready)
        sim.set(f"{self.name}__done", self.done)

    def watch(self, sim: Simulation, cycle: int) -> int | None:
        """Return the command that is accepted in this cycle."""
        if self.done:
            self.due.popleft()
        if not (self.ready and sim.get(f"{self.name}__command__valid")):
            return None
        end = cycle + 1 + self.rng.randrange(self.slowest)
        self.due.append(max(end, self.due[-1] + 1 if self.due else 0))
        return sim.get(f"{self.name}__command__payload")


class Memory:
    """Device memory with a program in it."""

    def __init__(self, program: bytes, rng: random.Random) -> None:
        self._program = program
        self._rng = rng
        self._beats: deque[int] = deque()
        self._ready = self._valid = False

    def drive(self, sim: Simulation) -> None:
        self._ready = self._rng.random() < 0.5
        self._valid = bool(self._beats) and self._rng.random() < 0.8
        sim.set("request__ready", self._ready)
        sim.set("beats__valid", self._valid)
        sim.set("beats__payload", self._beats[0] if self._valid else self._rng.getrandbits(128))

    def watch(self, sim: Simulation) -> None:
        if self._valid:
            self._beats.popleft()
        if self._ready and sim.get("request__valid"):
            request = sim.get("request__payload")
            assert request & 0xFFFFFFFF == PROGRAM_BEAT
            assert (request >> 32) * BEAT_BYTES == len(self._program)
            for start in range(0, len(self._program), BEAT_BYTES):
                self._beats.append(
                    int.from_bytes(self._program[start : start + BEAT_BYTES], "little")
                )


class Vectors:
    """The vector memory: a step is answered two cycles later; it changes with every command."""

    def __init__(self, lanes: int, rng: random.Random) -> None:
        self._lanes = lanes
        self._rng = rng
        self._ready = False
        self._answers = deque([0, 0])

    def drive(self, sim: Simulation) -> None:
        self._ready = self._rng.random() < 0.5
        sim.set("peek__ready", self._ready)
        sim.set("peek__data", self._answers.popleft())

    def watch(self, sim: Simulation, finished: int) -> None:
        answer = self._rng.getrandbits(32 * self._lanes)
        if self._ready and sim.get("peek__valid"):
            first = self._lanes * sim.get("peek__address")
            words = (stored_word(first + lane, finished) for lane in range(self._lanes))
            answer = sum(word << 32 * lane for lane, word in enumerate(words))
        self._answers.append(answer)


class Bench:
    """One sequencer, for any number of programs one after the other.

    Parameters
    ----------
    most : commands that a unit works on at a time
    """

    def __init__(self, config: AcceleratorConfig, most: int) -> None:
        self.config = config
        self._most = most
        self.sim = Simulation(Sequencer(config))

    def run(
        self,
        program: Program | bytes,
        values: Mapping[str, int],
        rng: random.Random,
        *,
        slowest: Mapping[Unit, int] | None = None,
        each: Callable[[int], None] = lambda cycle: None,
        limit: int = 50_000,
    ) -> Trace:
        """Run a program, or the words of one, to its end.

        Parameters
        ----------
        slowest : cycles that a command of a unit takes, at most; 12 if not given
        each : called in each cycle when the inputs of the units are set
        """
        sim = self.sim
        arguments = 0
        if isinstance(program, Program):
            for argument in program.arguments:
                arguments |= values[argument.name] << 32 * (argument.register - 1)
            program = program.encode().tobytes()
        sim.set("arguments", arguments)
        sim.set("program", PROGRAM_BEAT)
        sim.set("count", len(program) // INSTRUCTION_BYTES)
        sim.set("quiet", 1)
        sim.set("start", 1)
        sim.step()
        sim.set("start", 0)

        trace = Trace()
        slowest = slowest or {}
        models = {u: Model(u.name.lower(), rng, slowest.get(u, 12), self._most) for u in UNITS}
        memory = Memory(program, rng)
        vectors = Vectors(self.config.vector_lanes, rng)
        for cycle in range(limit):
            for model in models.values():
                model.drive(sim, cycle)
            memory.drive(sim)
            vectors.drive(sim)
            takes_ahead = rng.random() < 0.5
            sim.set("ahead__ready", takes_ahead)
            each(cycle)

            for unit, model in models.items():
                if model.done:
                    trace.done[unit].append(cycle)
                command = model.watch(sim, cycle)
                if command is not None:
                    trace.commands[unit].append((cycle, command))
            memory.watch(sim)
            vectors.watch(sim, sum(len(cycles) for cycles in trace.done.values()))
            if takes_ahead and sim.get("ahead__valid"):
                trace.ahead.append((cycle, sim.get("ahead__payload")))
            self._retire(trace, cycle)
            if sim.get("ended"):
                trace.state, trace.error = State(sim.get("state")), ErrorCode(sim.get("error"))
                trace.place = Unit(sim.get("error_unit")), sim.get("error_pc")
                trace.cycles = cycle
                sim.step()
                return trace
            sim.step()
        raise AssertionError(f"not ended after {limit} cycles: {trace}")

    def _retire(self, trace: Trace, cycle: int) -> None:
        retired = self.sim.get("retired")
        for unit in Unit:
            row = retired >> unit.value * (PC_BITS + 1)
            if row & 1:
                trace.retired[unit].append((cycle, row >> 1 & ((1 << PC_BITS) - 1)))
