"""How much an instruction is: elements, steps and groups of a row."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.arithmetic.reduction import PARTIALS
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import GROUP
from wingbeat.hw.isa.instructions import Destination, Reduce
from wingbeat.hw.isa.operands import GroupSize
from wingbeat.hw.rtl.vector.rows import COMMAND, LENGTH_BITS, OUTER_BITS, STEP_BITS, steps_of


class Extent(wiring.Component):
    """Counts, valid `LATENCY` cycles after the command is.

    Attributes
    ----------
    command : In
    longest : Out, elements of the last row, to which all rows are worked
    groups : Out, entries of the operand memory of a row
    steps : Out, steps of a row: whole groups, and at least 128 elements where a row is reduced
    empty : Out(1), there is nothing to do
    """

    LATENCY = 3

    def __init__(self, config: AcceleratorConfig) -> None:
        self._lanes = config.vector_lanes
        super().__init__(
            {
                "command": In(COMMAND),
                "longest": Out(LENGTH_BITS),
                "groups": Out(STEP_BITS),
                "steps": Out(STEP_BITS),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The longest row, then whole groups of it, then its steps."""
        m = Module()
        command = self.command
        reduces = command.reduce != Reduce.NONE
        later_rows = command.outer[:OUTER_BITS] - 1
        m.d.sync += self.longest.eq(command.length + Mux(command.step, later_rows, 0))

        with m.Switch(command.group):
            for group in GroupSize:
                with m.Case(group):
                    whole = steps_of(self.longest, group.elements)
                    m.d.sync += self.groups.eq(whole << group.value)
        worked = Signal(LENGTH_BITS)
        m.d.comb += worked.eq(self.longest)
        with m.If(reduces & (self.longest < PARTIALS)):
            m.d.comb += worked.eq(PARTIALS)
        steps = Signal(STEP_BITS)
        m.d.sync += steps.eq(steps_of(worked, self._lanes))

        quantises = command.target == Destination.OPERAND
        steps_of_groups = self.groups * (GROUP // self._lanes)
        m.d.sync += [
            self.steps.eq(Mux(quantises, steps_of_groups, steps)),
            self.empty.eq(
                (command.outer[:OUTER_BITS] == 0)
                | (command.inner == 0)
                | ((self.longest == 0) & ~reduces)
            ),
        ]
        return m
