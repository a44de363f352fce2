"""Where the steps that leave the element pipeline lie in their row or group."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Destination
from wingbeat.hw.isa.operands import GroupSize
from wingbeat.hw.rtl.vector.rows import COMMAND, STEP_BITS


class Position(wiring.Component):
    """Counts the steps of a row.

    Attributes
    ----------
    command : In
    steps : In, steps of a row
    advance : In(1), the present step goes by
    step : Out, its number in its row
    first, last : Out(1), it is the first, or the last, of its row; of its group if the target is
        the operand memory
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._lanes = config.vector_lanes
        super().__init__(
            {
                "command": In(COMMAND),
                "steps": In(STEP_BITS),
                "advance": In(1),
                "step": Out(STEP_BITS),
                "first": Out(1),
                "last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Count to the end of the row; a group's steps are a power of two."""
        m = Module()
        last = Signal()
        m.d.comb += last.eq(self.step + 1 == self.steps)
        with m.If(self.advance):
            m.d.sync += self.step.eq(Mux(last, 0, self.step + 1))
        m.d.comb += [self.first.eq(self.step == 0), self.last.eq(last)]
        with m.If(self.command.target == Destination.OPERAND), m.Switch(self.command.group):
            for group in GroupSize:
                with m.Case(group):
                    in_group = self.step % (group.elements // self._lanes)
                    m.d.comb += [
                        self.first.eq(in_group == 0),
                        self.last.eq(in_group == group.elements // self._lanes - 1),
                    ]
        return m
