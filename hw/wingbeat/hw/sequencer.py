"""The sequencer: scalar registers, hardware loops, and the order in which instructions go out.

This is the definition that every machine shares: the ISA machine and the cycle model drive it, the
RTL equals it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import Interval
from wingbeat.hw.isa.instructions import LOOP_DEPTH, Instruction, Scalar, System
from wingbeat.hw.isa.operands import REGISTERS, Address, Count, SmallCount
from wingbeat.hw.isa.program import WORD, Program

Peek = Callable[[System, "Registers"], int]
"""Reads the word of the vector memory that a PEEK names."""


class Registers:
    """The scalar registers of a running program."""

    def __init__(self) -> None:
        self._values = [0] * REGISTERS

    def __getitem__(self, index: int) -> int:
        return self._values[index]

    def __setitem__(self, index: int, value: int) -> None:
        if index:
            self._values[index] = value & WORD

    def resolve(self, operand: Address | Count | SmallCount) -> int:
        """Return the value of an affine operand."""
        return (operand.immediate + self._values[operand.register]) & WORD

    def intervals(self) -> list[Interval]:
        """Return the registers as points, for `footprint`."""
        return [Interval.point(value) for value in self._values]


def compute(operation: Scalar, a: int, b: int) -> int:
    """Return the result of a scalar operation on two unsigned 32-bit numbers."""
    match operation:
        case Scalar.ADD:
            result = a + b
        case Scalar.SUB:
            result = a - b
        case Scalar.MUL:
            result = a * b
        case Scalar.SHL:
            result = a << (b & 31)
        case Scalar.SHR:
            result = a >> (b & 31)
        case Scalar.AND:
            result = a & b
        case Scalar.MIN:
            result = min(a, b)
        case Scalar.MAX:
            result = max(a, b)
        case Scalar.CEILDIV:
            result = -(-a // b) if b else 0
        case Scalar.LESS:
            result = int(a < b)
        case Scalar.EQUAL:
            result = int(a == b)
        case _:
            raise DeviceError(f"{operation.name} is no scalar operation")
    return result & WORD


@dataclass
class _Loop:
    first: int
    last: int
    left: int


class Sequencer:
    """Steps through a program.

    Parameters
    ----------
    program : verified program
    arguments : value of each argument, by name
    peek : reads the vector memory for PEEK; called when everything before it has been executed
    aborted : asked at every loop boundary; true ends the program
    """

    def __init__(
        self,
        program: Program,
        arguments: Mapping[str, int],
        peek: Peek,
        aborted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.registers = Registers()
        self._program = program
        self._peek = peek
        self._aborted = aborted
        for argument in program.arguments:
            self.registers[argument.register] = arguments[argument.name]

    def run(self) -> Iterator[tuple[int, Instruction]]:
        """Yield (program counter, instruction) in program order, SYS included.

        Operands are to be resolved from `registers` before the next one is asked for. A SYS
        instruction is executed after it is yielded.
        """
        pc = 0
        loops: list[_Loop] = []
        instructions = self._program.instructions
        while pc < len(instructions):
            instruction = instructions[pc]
            yield pc, instruction
            if isinstance(instruction, System):
                if instruction.operation is Scalar.HALT:
                    return
                if instruction.operation is Scalar.LOOP:
                    trips = (self.registers[instruction.a] + instruction.immediate) & WORD
                    last = pc + instruction.length
                    if trips == 0 or instruction.length == 0:
                        pc = last
                    elif len(loops) == LOOP_DEPTH:
                        raise DeviceError(f"instruction {pc}: loops nest deeper than {LOOP_DEPTH}")
                    else:
                        loops.append(_Loop(pc + 1, last, trips))
                else:
                    self._execute(instruction)
            while loops and pc == loops[-1].last:
                if self._aborted():
                    return
                loops[-1].left -= 1
                if loops[-1].left:
                    pc = loops[-1].first - 1
                    break
                loops.pop()
            pc += 1

    def _execute(self, system: System) -> None:
        if system.operation is Scalar.PEEK:
            self.registers[system.destination] = self._peek(system, self.registers)
        elif system.operation is not Scalar.FENCE:
            a, b = self.registers[system.a], self.registers[system.b]
            operand = (b + system.immediate) & WORD
            self.registers[system.destination] = compute(system.operation, a, operand)
