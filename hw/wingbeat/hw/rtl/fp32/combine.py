"""How two FP32 numbers become one."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.isa import instructions
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.adder import Adder
from wingbeat.hw.rtl.fp32.format import WIDTH
from wingbeat.hw.rtl.fp32.maximum import maximum
from wingbeat.hw.rtl.fp32.multiplier import Multiplier


class Combine(wiring.Component):
    """`instructions.Combine`: a, a * b, a + b, a - b or the larger of them.

    Adder and multiplier always work; the operation, which may change every cycle, picks the result.

    Attributes
    ----------
    a, b : In(32), the operands
    operation : In(`instructions.Combine`)
    result : Out(32), `LATENCY` cycles later
    """

    LATENCY = Adder.LATENCY + 1

    def __init__(self) -> None:
        super().__init__(
            {
                "a": In(WIDTH),
                "b": In(WIDTH),
                "operation": In(instructions.Combine),
                "result": Out(WIDTH),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Calculate, then choose: what is ready sooner waits for the adder."""
        m = Module()
        m.submodules.adder = adder = Adder()
        m.submodules.multiplier = multiplier = Multiplier()
        operation = instructions.Combine
        chosen = delay(m, self.operation, Adder.LATENCY, name="chosen")
        larger = Mux(self.operation == operation.MAX, maximum(self.a, self.b), self.a)
        kept = delay(m, larger, Adder.LATENCY, name="kept")
        waiting = Adder.LATENCY - Multiplier.LATENCY
        product = delay(m, multiplier.product, waiting, name="product")
        result = Signal(WIDTH)
        m.d.comb += [
            adder.a.eq(self.a),
            adder.b.eq(self.b),
            adder.subtract.eq(self.operation == operation.SUB),
            multiplier.a.eq(self.a),
            multiplier.b.eq(self.b),
        ]
        with m.Switch(chosen):
            with m.Case(operation.MUL):
                m.d.comb += result.eq(product)
            with m.Case(operation.ADD, operation.SUB):
                m.d.comb += result.eq(adder.sum)
            with m.Default():
                m.d.comb += result.eq(kept)
        m.d.comb += self.result.eq(delay(m, result, 1, name="result"))
        return m
