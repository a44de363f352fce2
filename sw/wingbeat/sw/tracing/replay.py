"""The instructions of a run in program order, with what their operands were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import cost
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.instructions import Instruction, Scalar, System, Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.sequencer import Sequencer
from wingbeat.sim.trace import Retired, Run


@dataclass(frozen=True, slots=True)
class Step:
    """One executed instruction.

    Attributes
    ----------
    retired : when, and how it ended
    instruction : of the program
    bytes : that it reads from and writes to device memory, by the definition of its cost
    loops : iteration of each loop around it, from 0, the outermost first
    """

    retired: Retired
    instruction: Instruction
    bytes: int
    loops: tuple[int, ...]


def replay(run: Run, program: Program, config: AcceleratorConfig) -> Iterator[Step]:
    """Yield the instructions of a run in program order.

    The sequencer's definition is stepped through the program beside the trace, so a trace that is
    none of this program is noticed. A word that PEEK reads is taken for 0: compiled programs use
    it for nothing but the token that they store.

    Raises
    ------
    DeviceError
        If a unit did something else than the program says.
    """
    left = {unit: iter(rows) for unit, rows in run.retired.items()}
    count = sum(map(len, run.retired.values()))
    loops = _Loops()
    sequencer = Sequencer(program, run.arguments, peek=lambda system, registers: 0)
    for pc, instruction in sequencer.run():
        if not count:
            return
        loops.reach(pc)
        row = next(left[instruction.unit], None)
        if row is not None:
            if row.pc != pc:
                raise DeviceError(
                    f"unit {row.unit.name} must execute instruction {pc} next, and the trace says "
                    f"{row.pc}"
                )
            price = cost(instruction, sequencer.registers.resolve, config)
            yield Step(row, instruction, price.stream + price.transfer, loops.iterations)
            count -= 1
        if isinstance(instruction, System) and instruction.operation is Scalar.LOOP:
            loops.enter(pc, instruction.length)
    if count:
        raise DeviceError(f"the trace must end with the program, and has {count} instructions more")


def apart(steps: Iterable[Step]) -> Iterator[tuple[Step, int]]:
    """Yield every step with the cycle since which it is the oldest in progress in its unit.

    That is where the one before ends, or the step's own start, if that is later.
    """
    reached = dict.fromkeys(Unit, 0)
    for step in steps:
        row = step.retired
        yield step, min(max(row.start, reached[row.unit]), row.end)
        reached[row.unit] = row.end


class _Loops:
    """Follows loops by the instructions that are reached."""

    def __init__(self) -> None:
        self._open: list[list[int]] = []  # first and last instruction, iteration

    def enter(self, pc: int, length: int) -> None:
        """Note a LOOP; one that is skipped is left by the next instruction."""
        self._open.append([pc + 1, pc + length, -1])

    def reach(self, pc: int) -> None:
        """Go on to an instruction."""
        while self._open and not self._open[-1][0] <= pc <= self._open[-1][1]:
            self._open.pop()
        if self._open and pc == self._open[-1][0]:
            self._open[-1][2] += 1

    @property
    def iterations(self) -> tuple[int, ...]:
        return tuple(iteration for _, _, iteration in self._open)
