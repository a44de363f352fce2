"""The scale unit: a group's integer result to what is added to an accumulator."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.behaviour.platform import BEHAVIOURAL, model
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.adder import Adder
from wingbeat.hw.rtl.fp32.integer_scale import IntegerScale
from wingbeat.hw.rtl.fp32.multiplier import ScaleMultiplier
from wingbeat.hw.rtl.lane.chain import SUM_BITS

OPERAND_SUM_BITS = 13
"""Signed bits of the sum of 32 codes."""


class ScaleUnit(wiring.Component):
    """`(scale * integer + minimum * operand_sum) * operand_scale`, rounded as `arithmetic.matrix`.

    A format without scale has a scale of 1.0 here; one without minimum a minimum of 0, which can
    change nothing but the sign of a zero, and that an accumulator does not see.

    Attributes
    ----------
    integer : In, result of a group
    scale, minimum : In(16), halves of the weight
    operand_sum : In, sum of the operand's codes
    operand_scale : In(32), of the operand, 11 significant bits
    result : Out(32), `LATENCY` cycles later
    """

    LATENCY = IntegerScale.LATENCY + Adder.LATENCY + ScaleMultiplier.LATENCY

    def __init__(self) -> None:
        super().__init__(
            {
                "integer": In(signed(SUM_BITS)),
                "scale": In(16),
                "minimum": In(16),
                "operand_sum": In(signed(OPERAND_SUM_BITS)),
                "operand_scale": In(32),
                "result": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Two products, their sum, the last product."""
        if platform is BEHAVIOURAL:
            return self._model()
        m = Module()
        m.submodules.scaled = scaled = IntegerScale(SUM_BITS)
        m.submodules.offset = offset = IntegerScale(OPERAND_SUM_BITS)
        m.submodules.adder = adder = Adder()
        m.submodules.product = product = ScaleMultiplier()
        waiting = IntegerScale.LATENCY + Adder.LATENCY
        m.d.comb += [
            scaled.integer.eq(self.integer),
            scaled.scale.eq(self.scale),
            offset.integer.eq(self.operand_sum),
            offset.scale.eq(self.minimum),
            adder.a.eq(scaled.product),
            adder.b.eq(offset.product),
            product.a.eq(adder.sum),
            product.b.eq(delay(m, self.operand_scale, waiting, name="operand_scale")),
            self.result.eq(product.product),
        ]
        return m

    def _model(self) -> Module:
        integer, total = (
            Cat(value, value[-1].replicate(32 - len(value)))
            for value in (self.integer, self.operand_sum)
        )
        inputs = {"integer_": integer, "scale": self.scale, "sum": total, "minimum": self.minimum}
        return model("scale", self.LATENCY, self.result, factor=self.operand_scale, **inputs)
