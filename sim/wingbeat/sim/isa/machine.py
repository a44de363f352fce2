"""The ISA machine: sequencer, scratchpads and units, one instruction after the other.

Program order is one of the orders that the wait/release tokens allow, and the verifier has shown
that all of them give the same result, so units need not run decoupled here. The timeline says
when each instruction would run in hardware.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from threadpoolctl import ThreadpoolController

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ControlBlock
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import (
    Instruction,
    Load,
    Multiply,
    Store,
    StoreKind,
    System,
    Vector,
)
from wingbeat.hw.isa.program import Program
from wingbeat.hw.sequencer import Registers, Sequencer
from wingbeat.hw.timeline import Timeline
from wingbeat.sim.isa.matrix import MatrixUnit
from wingbeat.sim.isa.scratchpads import OperandMemory, VectorMemory
from wingbeat.sim.isa.transfer import TransferUnit
from wingbeat.sim.isa.vector import VectorUnit, read_word
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.trace import Retired


class Machine:
    """One accelerator with an image in its memory.

    Parameters
    ----------
    config : the machine
    program : a verified program
    memory : device memory with the image's regions

    Attributes
    ----------
    trace : None, or a list that takes every instruction that retires, in program order
    """

    def __init__(self, config: AcceleratorConfig, program: Program, memory: DeviceMemory) -> None:
        self.memory = memory
        self.timeline = Timeline(config)
        self.trace: list[Retired] | None = None
        self._program = program
        self._vectors = VectorMemory(config)
        operands = OperandMemory(config)
        self._matrix = MatrixUnit(config, memory, self._vectors, operands)
        self._transfer = TransferUnit(config, memory, self._vectors, operands)
        self._vector = VectorUnit(self._vectors, operands)
        self._blas = ThreadpoolController()
        self._control = memory.layout["control"].start * WORDS_PER_BEAT

    def run(self, arguments: Mapping[str, int]) -> Iterator[int]:
        """Run the program to its end.

        Yields
        ------
        The cycle, after each PUBLISH, and whenever a PUBLISH finds the ring full: the host takes
        tokens meanwhile.
        """
        steps = self._run(arguments)
        while True:
            # BLAS threads would spin against those of the matrix unit
            with self._blas.limit(limits=1, user_api="blas"):
                cycle = next(steps, None)
            if cycle is None:
                return
            yield cycle

    def _run(self, arguments: Mapping[str, int]) -> Iterator[int]:
        def peek(system: System, registers: Registers) -> int:
            return read_word(self._vectors, system.vector, registers, system.length)

        def aborted() -> bool:
            return bool(self.memory.words(self._control + ControlBlock.word("abort"), 1)[0])

        self.timeline.begin(len(self._program.instructions))
        sequencer = Sequencer(self._program, arguments, peek, aborted)
        registers = sequencer.registers
        for pc, instruction in sequencer.run():
            publishes = isinstance(instruction, Store) and instruction.kind is StoreKind.PUBLISH
            if isinstance(instruction, Store) and publishes:
                while self._transfer.ring_full(instruction, registers):
                    if aborted():
                        return
                    yield self.timeline.now
            self._execute(instruction, registers)
            span = self.timeline.advance(instruction, registers)
            if self.trace is not None:
                self.trace.append(Retired(pc, instruction.unit, span.start, span.end))
            if publishes:
                yield span.end

    def _execute(self, instruction: Instruction, registers: Registers) -> None:
        if isinstance(instruction, Multiply):
            self._matrix.execute(instruction, registers)
        elif isinstance(instruction, Vector):
            self._vector.execute(instruction, registers)
        elif isinstance(instruction, Load):
            self._transfer.load(instruction, registers)
        elif isinstance(instruction, Store):
            self._transfer.store(instruction, registers)
