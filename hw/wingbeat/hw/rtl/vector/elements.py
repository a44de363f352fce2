"""What is done to each element: combine, function, combine."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Combine, Function
from wingbeat.hw.rtl.clock_gate import rest
from wingbeat.hw.rtl.delay import delay, delay_by
from wingbeat.hw.rtl.fp32.combine import Combine as CombineUnit
from wingbeat.hw.rtl.fp32.format import WIDTH
from wingbeat.hw.rtl.fp32.function import FunctionUnit
from wingbeat.hw.rtl.memory.ports import words
from wingbeat.hw.rtl.vector.functions import FunctionUnits


class ElementPipeline(wiring.Component):
    """`f(a first b) second c` in each lane; what is not inside its row is replaced.

    Steps pass what their instruction does not use: a function that is IDENTITY, a `second` that is
    PASS.

    Attributes
    ----------
    first, function, second : In, stable while an instruction is in the pipeline
    left_out : In(32), takes the place of elements behind their row's end; stable
    valid : In(1)
    inside : In, a bit for each lane
    a, b : In, words of a step
    c : In, words of the same step, `C_DELAY` cycles later, `C_DELAY_SHORT` without a function
    result : Out, words of the step, `latency` cycles after a and b
    result_valid : Out(1)
    """

    C_DELAY_SHORT = CombineUnit.LATENCY + 1 - CombineUnit.LATENCY % 2
    """Cycles from a and b to c: odd, as `SourceReader` wants it."""
    C_DELAY = C_DELAY_SHORT + FunctionUnit.LATENCY
    assert C_DELAY % 2 == 1, "the function must take an even number of cycles"

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
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

    @classmethod
    def latency(cls, function: bool, second: bool) -> int:
        """Return the cycles from a and b to the result of an instruction that uses these."""
        front = cls.C_DELAY_SHORT if second else CombineUnit.LATENCY
        return front + FunctionUnit.LATENCY * function + CombineUnit.LATENCY * second + 1

    def elaborate(self, platform: object) -> Module:
        """The same chain in each lane; multiplexers lead around what is not used."""
        m = Module()
        uses_function, uses_second = Signal(), Signal()
        m.d.comb += [
            uses_function.eq(self.function != Function.IDENTITY),
            uses_second.eq(self.second != Combine.PASS),
        ]
        ways = {
            self.latency(bool(function), bool(second)) - 1: (uses_function == function)
            & (uses_second == second)
            for function in range(2)
            for second in range(2)
        }
        step = Cat(self.valid, self.inside & self.valid.replicate(self._lanes))
        arriving = delay_by(m, step, ways, name="arriving")
        valid, inside = arriving[0], arriving[1:]
        m.d.sync += self.result_valid.eq(valid)
        functions = FunctionUnits(self._config)
        rest(m, functions, uses_function, name="functions")
        m.d.comb += functions.function.eq(self.function)
        for lane in range(self._lanes):
            m.submodules[f"first_{lane}"] = first = CombineUnit()
            m.submodules[f"second_{lane}"] = second = CombineUnit()
            value = Signal(WIDTH, name=f"value_{lane}")
            m.d.comb += value.eq(Mux(uses_function, functions.y[lane], first.result))
            late = delay(
                m, value, self.C_DELAY_SHORT - CombineUnit.LATENCY, name=f"value_late_{lane}"
            )
            word = Signal(WIDTH, name=f"word_{lane}", reset_less=True)
            m.d.comb += [
                first.a.eq(self.a[lane]),
                first.b.eq(self.b[lane]),
                first.operation.eq(self.first),
                functions.x[lane].eq(first.result),
                second.a.eq(late),
                second.b.eq(self.c[lane]),
                second.operation.eq(self.second),
                self.result[lane].eq(word),
            ]
            chosen = Mux(uses_second, second.result, value)
            m.d.sync += word.eq(Mux(inside[lane], chosen, self.left_out))
        return m
