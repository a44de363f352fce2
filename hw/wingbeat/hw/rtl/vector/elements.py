"""What is done to each element: combine, function, combine."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Combine, Function
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.combine import Combine as CombineUnit
from wingbeat.hw.rtl.fp32.format import WIDTH
from wingbeat.hw.rtl.fp32.function import FunctionUnit
from wingbeat.hw.rtl.memory.ports import words


class ElementPipeline(wiring.Component):
    """`f(a first b) second c` in each lane; what is not inside its row is replaced.

    Attributes
    ----------
    first, function, second : In, stable while an instruction is in the pipeline
    left_out : In(32), takes the place of elements behind their row's end; stable
    valid : In(1)
    inside : In, a bit for each lane
    a, b : In, words of a step
    c : In, words of the same step, `C_DELAY` cycles later
    result : Out, words of the step, `LATENCY` cycles after a and b
    result_valid : Out(1)
    """

    _FRONT = CombineUnit.LATENCY + FunctionUnit.LATENCY
    C_DELAY = _FRONT + 1 - _FRONT % 2
    """Cycles from a and b to c: odd, as `SourceReader` wants it."""
    LATENCY = C_DELAY + CombineUnit.LATENCY + 1

    def __init__(self, config: AcceleratorConfig) -> None:
        self._lanes = config.vector_lanes
        step = words(config)
        super().__init__(
            {
                "first": In(Combine),
                "function": In(Function),
                "second": In(Combine),
                "left_out": In(WIDTH),
                "valid": In(1),
                "inside": In(config.vector_lanes),
                "a": In(step),
                "b": In(step),
                "c": In(step),
                "result": Out(step),
                "result_valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The same chain in each lane."""
        m = Module()
        inside = delay(m, self.inside, self.LATENCY - 1, name="inside")
        valid = delay(m, self.valid, self.LATENCY, name="valid", reset_less=False)
        m.d.comb += self.result_valid.eq(valid)
        for lane in range(self._lanes):
            m.submodules[f"first_{lane}"] = first = CombineUnit()
            m.submodules[f"function_{lane}"] = function = FunctionUnit()
            m.submodules[f"second_{lane}"] = second = CombineUnit()
            value = delay(m, function.y, self.C_DELAY - self._FRONT, name=f"value_{lane}")
            word = Signal(WIDTH, name=f"word_{lane}", reset_less=True)
            m.d.comb += [
                first.a.eq(self.a[lane]),
                first.b.eq(self.b[lane]),
                first.operation.eq(self.first),
                function.x.eq(first.result),
                function.function.eq(self.function),
                second.a.eq(value),
                second.b.eq(self.c[lane]),
                second.operation.eq(self.second),
                self.result[lane].eq(word),
            ]
            m.d.sync += word.eq(Mux(inside[lane], second.result, self.left_out))
        return m
