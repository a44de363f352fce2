"""A case on both machines, and what is compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tests.sim.rtl.random_programs.case import Case
from tests.sim.rtl.random_programs.machines import MEMORY

from wingbeat.hw.control import ControlBlock, ErrorCode, State
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Instruction, Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.register_map import Interrupt, RegisterMap
from wingbeat.hw.rtl.sequencer.program import PC_BITS
from wingbeat.hw.sequencer import Registers
from wingbeat.sim.isa.machine import Machine
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.rtl.machine import RtlMachine

CHUNK = 512
"""Cycles between two looks of the host."""

DEADLINE = 1_000_000
"""Cycles within which every program must have ended."""

WATCHDOG = 20_000
"""Cycles without a retirement that end a program."""

Trace = dict[Unit, list[int]]
"""Program counters of the instructions that each unit retired, in order."""

See = Callable[[Instruction, Registers, DeviceMemory], None]

_CONTROL = MEMORY["control"].start * WORDS_PER_BEAT


class Mismatch(AssertionError):
    """The machines differ."""


class Watched(Machine):
    """The ISA machine; `see` is called with every instruction before it is executed."""

    see: See

    def _execute(self, instruction: Instruction, registers: Registers) -> None:
        self.see(instruction, registers, self.memory)
        super()._execute(instruction, registers)


def run(case: Case, see: See = lambda *_: None) -> int:
    """Run a case on both machines, and return the cycles of the RTL; Mismatch if they differ."""
    program = case.program()
    target = case.machine
    wanted, found = case.memory(), case.memory()
    machine = Watched(target.config, program, wanted)
    machine.see = see
    rtl = RtlMachine(target.config, program, found, case.timing, target.optimise)
    for register, value in (
        (RegisterMap.WATCHDOG, WATCHDOG),
        (RegisterMap.GLOBAL_INTERRUPT, 1),
        (RegisterMap.INTERRUPT_ENABLE, Interrupt.DONE),
    ):
        rtl._host.write(register.word(), value)
    cycles = 0
    for values in case.starts:
        head = int(wanted.words(_CONTROL + ControlBlock.word("head"), 1)[0])
        arguments = values | {"sequence": head}
        definition = _definition(machine, arguments)
        trace, spent = _trace(rtl, arguments)
        cycles += spent
        _compare(program, definition, trace, wanted, found)
    return cycles


def _take_tokens(memory: DeviceMemory) -> None:
    """What the host does: it takes all tokens that are in the ring."""
    head, tail = (_CONTROL + ControlBlock.word(name) for name in ("head", "tail"))
    memory.words(tail, 1)[0] = memory.words(head, 1)[0]


def _definition(machine: Machine, arguments: dict[str, int]) -> Trace:
    machine.trace = []
    for _ in machine.run(arguments):
        _take_tokens(machine.memory)
    return {unit: [r.pc for r in machine.trace if r.unit is unit] for unit in Unit}


def _trace(rtl: RtlMachine, arguments: dict[str, int]) -> tuple[Trace, int]:
    """Run to the interrupt, and collect what the retire port says in each cycle."""
    rtl.start(arguments)
    simulation = rtl._simulation
    rows = []
    for _ in range(DEADLINE // CHUNK):
        out = simulation.run({}, ["retired", "irq"], CHUNK)
        rows.append(out["retired"])
        _take_tokens(rtl.memory)
        if out["irq"].any():
            break
    else:
        raise Mismatch(f"the RTL has not ended after {DEADLINE} cycles")
    rtl._host.write(RegisterMap.INTERRUPT_STATUS.word(), Interrupt.DONE)
    state = State(rtl.register(RegisterMap.STATE))
    if state is not State.FINISHED:
        error, unit, pc = (
            rtl.register(register)
            for register in (RegisterMap.ERROR, RegisterMap.ERROR_UNIT, RegisterMap.ERROR_PC)
        )
        raise Mismatch(
            f"the RTL ends {state.name}: {ErrorCode(error).name} in {Unit(unit).name} "
            f"at instruction {pc}"
        )
    fields = np.concatenate(rows)
    trace = {}
    for unit in Unit:
        field = fields >> np.uint64(unit.value * (PC_BITS + 1))
        retired = field[(field & np.uint64(1)) == 1] >> np.uint64(1)
        trace[unit] = [int(pc) & ((1 << PC_BITS) - 1) for pc in retired]
    return trace, rtl.register(RegisterMap.CYCLES)


def _compare(
    program: Program, definition: Trace, trace: Trace, wanted: DeviceMemory, found: DeviceMemory
) -> None:
    for unit in Unit:
        if trace[unit] != definition[unit]:
            raise Mismatch(f"{unit.name} retires {trace[unit]}, not {definition[unit]}")
    for region in MEMORY.regions:
        ours, theirs = found.region(region.name), wanted.region(region.name)
        if not np.array_equal(ours, theirs):
            port, byte = np.argwhere(ours != theirs)[0]
            word = int(byte) // 4
            values = [int(r[port].view(np.uint32)[word]) for r in (ours, theirs)]
            raise Mismatch(
                f"word {word:#x} of region `{region.name}` on port {port} is {values[0]:#010x}, "
                f"not {values[1]:#010x} ({np.count_nonzero(ours != theirs)} bytes differ)"
            )
