"""The function units of all vector lanes."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Function
from wingbeat.hw.rtl.fp32.function import FunctionUnit
from wingbeat.hw.rtl.memory.ports import words


class FunctionUnits(wiring.Component):
    """One function of a word of each lane; together, so that one clock rests for all of them.

    Attributes
    ----------
    function : In
    x : In, words of a step
    y : Out, `FunctionUnit.LATENCY` cycles later
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._lanes = config.vector_lanes
        step = words(config)
        super().__init__({"function": In(Function), "x": In(step), "y": Out(step)})

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        for lane in range(self._lanes):
            m.submodules[f"lane_{lane}"] = unit = FunctionUnit()
            m.d.comb += [
                unit.function.eq(self.function),
                unit.x.eq(self.x[lane]),
                self.y[lane].eq(unit.y),
            ]
        return m
