"""The DSP chain as a cascade of packed slices."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import CHAIN_SLICES, Multiplier
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.chain import CHAIN, SUM_BITS, Chain
from wingbeat.hw.rtl.lane.dsp_slice import CASCADE_BITS, Dsp48Slice, DspSlice
from wingbeat.hw.rtl.lane.multiplier_pair import Mult18Pair
from wingbeat.hw.rtl.lane.packing import packing_of


class ReductionNode(wiring.Component):
    """Parts the two fields of a cascade's word and adds each to what came before.

    Attributes
    ----------
    word : In(signed(48)), sum of packed products
    low_in, high_in, low, high : In and Out, signed 21, the two fields' sums; `LATENCY` cycles
    """

    LATENCY = 1

    def __init__(self, shift: int) -> None:
        self._shift = shift
        members = {name: In(signed(SUM_BITS)) for name in ("low_in", "high_in")}
        members |= {name: Out(signed(SUM_BITS)) for name in ("low", "high")}
        super().__init__({"word": In(signed(CASCADE_BITS)), **members})

    def elaborate(self, platform: object) -> Module:
        """A negative low field has borrowed one from the high field."""
        m = Module()
        low = self.word[: self._shift].as_signed()
        high = self.word[self._shift :].as_signed()
        m.d.sync += [
            self.low.eq(self.low_in + low),
            self.high.eq(self.high_in + high + low[-1]),
        ]
        return m


class CascadeChain(wiring.Component):
    """`Chain` of DSP slices; slice k works k cycles after the first one.

    Parameters
    ----------
    multiplier : DSP48E2 or DSP48E1
    model : slices in plain logic instead of instances of the primitive, for tests
    """

    LATENCY = DspSlice.LATENCY + CHAIN_SLICES - 1 + ReductionNode.LATENCY

    def __init__(self, multiplier: Multiplier, model: bool = False) -> None:
        self._multiplier, self._model = multiplier, model
        super().__init__(CHAIN)

    def _slice(self, first: bool) -> Any:
        if self._model:
            return DspSlice(self._multiplier)
        return Dsp48Slice(self._multiplier, first)

    def elaborate(self, platform: object) -> Module:
        """Cut the cascade wherever the low field would overflow."""
        m = Module()
        packing = packing_of(self._multiplier)
        cascade: Any = None
        sums = [Signal(signed(SUM_BITS), name=f"none_{field}") for field in range(2)]
        cut = -1
        for k in range(CHAIN_SLICES):
            m.submodules[f"slice_{k}"] = slice_ = self._slice(cascade is None)
            m.d.comb += [
                slice_.low.eq(delay(m, self.packed[0][k], k, name=f"low_{k}")),
                slice_.high.eq(delay(m, self.packed[1][k], k, name=f"high_{k}")),
                slice_.factor.eq(delay(m, self.factor[k], k, name=f"factor_{k}")),
            ]
            if cascade is not None:
                m.d.comb += slice_.cascade_in.eq(cascade)
            cascade = slice_.cascade_out
            if k in packing.nodes():
                m.submodules[f"node_{k}"] = node = ReductionNode(packing.shift)
                wait = k - cut - ReductionNode.LATENCY  # the node before was that much earlier
                m.d.comb += [
                    node.word.eq(cascade),
                    node.low_in.eq(delay(m, sums[0], wait, name=f"low_before_{k}")),
                    node.high_in.eq(delay(m, sums[1], wait, name=f"high_before_{k}")),
                ]
                sums, cascade, cut = [node.low, node.high], None, k
        m.d.comb += [self.sums[field].eq(sums[field]) for field in range(2)]
        return m


def chain_of(multiplier: Multiplier) -> Any:
    """Return the chain for a primitive."""
    if multiplier is Multiplier.BEHAVIOURAL:
        return Chain()
    return CascadeChain(multiplier) if packing_of(multiplier).taps else Chain(Mult18Pair)
