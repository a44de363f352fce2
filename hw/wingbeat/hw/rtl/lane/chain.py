"""The DSP chain: 16 slices of two products that share a factor."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import CHAIN_SLICES
from wingbeat.hw.rtl.delay import delay

SUM_BITS = 21
"""Signed bits of a group result: 32 * 127 * 127 is below 2**19."""

FACTORS = data.ArrayLayout(signed(8), CHAIN_SLICES)
"""One INT8 operand of each slice, -127 to 127."""


class Chain(wiring.Component):
    """The sums of `packed[f]` * `factor` over 16 slices, for the two fields f of the packed word.

    Products and sums in plain logic, for simulation.

    Attributes
    ----------
    packed : In of 2 x `FACTORS`, low and high field
    factor : In of `FACTORS`
    sums : Out of 2 x signed 21, `LATENCY` cycles later
    """

    LATENCY = 20
    """That of a cascade of 16 slices: 4 registers, then one a slice, and one to part the fields."""

    def __init__(self) -> None:
        super().__init__(
            {
                "packed": In(data.ArrayLayout(FACTORS, 2)),
                "factor": In(FACTORS),
                "sums": Out(data.ArrayLayout(signed(SUM_BITS), 2)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Multiply, add, wait."""
        m = Module()
        for field in range(2):
            products: list[Any] = []
            for slice_ in range(CHAIN_SLICES):
                product = Signal(signed(16), name=f"product_{field}_{slice_}", reset_less=True)
                m.d.sync += product.eq(self.packed[field][slice_] * self.factor[slice_])
                products.append(product)
            total = Signal(signed(SUM_BITS), name=f"total_{field}", reset_less=True)
            m.d.sync += total.eq(sum(products))
            rest = delay(m, total, self.LATENCY - 2, name=f"sum_{field}")
            m.d.comb += self.sums[field].eq(rest)
        return m
