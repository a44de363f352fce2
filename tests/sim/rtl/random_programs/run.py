"""A case on both machines, and what is compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tests.sim.rtl.random_programs.case import Case
from tests.sim.rtl.random_programs.features import Executed
from tests.sim.rtl.random_programs.machines import MEMORY

from wingbeat.hw.control import ControlBlock, State
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Instruction, Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.sequencer import Registers
from wingbeat.sim.isa.machine import Machine
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.rtl.machine import RtlMachine
from wingbeat.sim.trace import orders

CHUNK = 512
"""Cycles between two looks of the host."""

DEADLINE = 1_000_000
"""Cycles within which every program must have ended."""

WATCHDOG = 20_000
"""Cycles without a retirement that end a program."""

See = Callable[[Executed], None]

_HEAD, _TAIL = (
    MEMORY["control"].start * WORDS_PER_BEAT + ControlBlock.word(name) for name in ("head", "tail")
)


class Mismatch(AssertionError):
    """The machines differ."""


class Watched(Machine):
    """The ISA machine; `see` is called with every instruction before it is executed."""

    def __init__(self, case: Case, program: Program, see: See) -> None:
        self._config = case.machine.config
        self._see = see
        super().__init__(self._config, program, case.memory())
        self.trace = []

    def _execute(self, instruction: Instruction, registers: Registers) -> None:
        self._see(Executed(instruction, registers, self.memory, self._config))
        super()._execute(instruction, registers)

    def execute(self, values: dict[str, int]) -> None:
        """Run the program once; what becomes of special numbers is no reason to warn."""
        with np.errstate(all="ignore"):
            for _ in self.run(values | {"sequence": _head(self.memory)}):
                _take_tokens(self.memory)


def run(case: Case, see: See = lambda executed: None) -> int:
    """Run a case on both machines, and return the cycles of the RTL; Mismatch if they differ."""
    target, program = case.machine, case.program()
    isa = Watched(case, program, see)
    rtl = RtlMachine(
        target.config, program, case.memory(), case.timing, target.optimise, watchdog=WATCHDOG
    )
    rtl.record()
    for values in case.starts:
        _execute(rtl, values)
        isa.execute(values)
        _compare(rtl, isa)
    return rtl.cycles


def _head(memory: DeviceMemory) -> int:
    return int(memory.words(_HEAD, 1)[0])


def _take_tokens(memory: DeviceMemory) -> None:
    """What the host does: it takes all tokens that are in the ring."""
    memory.words(_TAIL, 1)[0] = _head(memory)


def _execute(rtl: RtlMachine, values: dict[str, int]) -> None:
    rtl.start(values | {"sequence": _head(rtl.memory)})
    for _ in range(DEADLINE // CHUNK):
        state = rtl.advance(CHUNK)
        _take_tokens(rtl.memory)
        if state is State.FAILED:
            unit, pc, error = rtl.failure
            raise Mismatch(f"the RTL ends with {error.name} of {unit.name} at instruction {pc}")
        if state is not State.RUNNING:
            return
    raise Mismatch(f"the RTL has not ended after {DEADLINE} cycles")


def _compare(rtl: RtlMachine, isa: Machine) -> None:
    found, wanted = orders(rtl.trace), orders(isa.trace or ())
    for unit in Unit:
        if found[unit] != wanted[unit]:
            raise Mismatch(f"{unit.name} retires {found[unit]}, not {wanted[unit]}")
    ours = rtl.memory.written()
    for name, theirs in isa.memory.written().items():
        if ours[name] == theirs:
            continue
        both = [np.frombuffer(data, np.uint32) for data in (ours[name], theirs)]
        differ = np.flatnonzero(both[0] != both[1])
        port, word = divmod(int(differ[0]), MEMORY[name].beats * WORDS_PER_BEAT)
        values = [int(words[differ[0]]) for words in both]
        raise Mismatch(
            f"word {word:#x} of region `{name}` on port {port} is {values[0]:#010x}, "
            f"not {values[1]:#010x} ({len(differ)} words differ)"
        )
