"""The DSP chain: 16 slices of two products that share a factor."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import CHAIN_SLICES
from wingbeat.hw.rtl.behaviour.platform import BEHAVIOURAL, model
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.multiplier_pair import MultiplierPair

SUM_BITS = 21
"""Signed bits of a group result: 32 * 127 * 127 is below 2**19."""

FACTORS = data.ArrayLayout(signed(8), CHAIN_SLICES)
"""One INT8 operand of each slice, -127 to 127."""


CHAIN = wiring.Signature(
    {
        "packed": In(data.ArrayLayout(FACTORS, 2)),
        "factor": In(FACTORS),
        "sums": Out(data.ArrayLayout(signed(SUM_BITS), 2)),
    }
)
"""What every kind of chain looks like from outside."""


class Chain(wiring.Component):
    """The sums of `packed[f]` * `factor` over 16 slices, for the two fields f of the packed word.

    For simulation, and where a multiplier cannot pack: two multipliers a slice, then a tree.

    Parameters
    ----------
    pair : makes the multipliers of a slice

    Attributes
    ----------
    packed : In of 2 x `FACTORS`, low and high field
    factor : In of `FACTORS`
    sums : Out of 2 x signed 21, `LATENCY` cycles later
    """

    LATENCY = 20
    """That of a cascade: 4 registers, one more for each slice behind the first, one for a node."""

    def __init__(self, pair: Any = MultiplierPair) -> None:
        self._pair = pair
        super().__init__(CHAIN)

    def elaborate(self, platform: object) -> Module:
        """Multiply, add four by four, wait."""
        if platform is BEHAVIOURAL:
            return self._model()
        m = Module()
        pairs = [self._pair() for _ in range(CHAIN_SLICES)]
        for k, pair in enumerate(pairs):
            m.submodules[f"slice_{k}"] = pair
            m.d.comb += [pair.packed[field].eq(self.packed[field][k]) for field in range(2)]
            m.d.comb += pair.factor.eq(self.factor[k])
        for field in range(2):
            terms = [pair.products[field] for pair in pairs]
            stages = self._pair.LATENCY
            while len(terms) > 1:
                sums = [sum(terms[k : k + 4]) for k in range(0, len(terms), 4)]
                terms = [delay(m, term, 1, name=f"partial_{field}") for term in sums]
                stages += 1
            rest = delay(m, terms[0], self.LATENCY - stages, name=f"sum_{field}")
            m.d.comb += self.sums[field].eq(rest)
        return m

    def _model(self) -> Module:
        sums = Signal(64)
        low, high = self.packed
        inputs = {"low": low, "high": high, "factor": self.factor}
        m = model("chain", self.LATENCY, sums, **inputs)
        for field in range(2):
            m.d.comb += self.sums[field].eq(sums[32 * field :][:SUM_BITS])
        return m
