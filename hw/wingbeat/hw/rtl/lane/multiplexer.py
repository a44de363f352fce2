"""The sparse multiplexer: which activation each slice multiplies."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import CHAIN_SLICES
from wingbeat.hw.formats import WINDOW
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.commands import OPERANDS
from wingbeat.hw.rtl.lane.indices import SELECTS

ACTIVATIONS = data.ArrayLayout(data.ArrayLayout(signed(8), CHAIN_SLICES), 2)
"""[vector][slice]."""


class SparseMultiplexer(wiring.Component):
    """Each slice picks one of the 16 activations of its window, for both vectors.

    Parameters
    ----------
    sparse : whether any format is; otherwise slice k always takes column k of the half

    Attributes
    ----------
    operands : In of `OPERANDS`
    half : In(1), which window
    whole : In(1), slices 0 to 7 look at window 0, slices 8 to 15 at window 1
    selects : In of `SELECTS`; an unused slice gets 0
    activations : Out of `ACTIVATIONS`, `LATENCY` cycles later
    """

    LATENCY = 2

    def __init__(self, sparse: bool) -> None:
        self._sparse = sparse
        super().__init__(
            {
                "operands": In(OPERANDS),
                "half": In(1),
                "whole": In(1),
                "selects": In(SELECTS),
                "activations": Out(ACTIVATIONS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Choose the window, then the column."""
        m = Module()
        selects = delay(m, self.selects, 1, name="selects")
        bits = 8 * WINDOW
        for vector in range(2):
            codes = self.operands[vector].as_value()
            lower = Signal(bits, name=f"lower_{vector}", reset_less=True)
            upper = Signal(bits, name=f"upper_{vector}", reset_less=True)
            m.d.sync += [
                lower.eq(Mux(self.half, codes[bits:], codes[:bits])),
                upper.eq(Mux(self.half | self.whole, codes[bits:], codes[:bits])),
            ]
            for slice_ in range(CHAIN_SLICES):
                window = lower if slice_ < CHAIN_SLICES // 2 else upper
                activation = self.activations[vector][slice_]
                if self._sparse:
                    select = selects[slice_]
                    chosen = window.word_select(select.index, 8)
                    m.d.sync += activation.eq(Mux(select.used, chosen, Const(0, 8)).as_signed())
                else:
                    m.d.sync += activation.eq(window.word_select(slice_, 8).as_signed())
        return m
