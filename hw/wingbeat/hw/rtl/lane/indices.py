"""Patterns of N:16 to the activation that each slice multiplies."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.formats import TWIN_KEPT, WINDOW

SELECTS = data.ArrayLayout(data.StructLayout({"index": 4, "used": 1}), WINDOW)
"""Of each slice: column in its window; whether it has a code at all."""


def _ranked(m: Module, mask: Value, name: str) -> list[Value]:
    """Return, for each rank, which column of the mask is the one with that many set bits below.

    One-hot, or zero for ranks that the mask does not have.
    """
    below = [Signal(range(WINDOW), name=f"{name}_below_{k}") for k in range(WINDOW)]
    for k in range(1, WINDOW):
        start = (k - 1) // 4 * 4
        m.d.comb += below[k].eq(below[start] + sum(mask[j] for j in range(start, k)))
    return [Cat(mask[k] & (below[k] == rank) for k in range(WINDOW)) for rank in range(WINDOW)]


def _encode(one_hot: Value) -> Value:
    bits = [Cat(one_hot[k] for k in range(WINDOW) if k >> bit & 1).any() for bit in range(4)]
    return Cat(*bits, one_hot.any())


class Indices(wiring.Component):
    """Combinational: the k-th slice of a window takes the column of the mask's k-th lowest bit.

    Bits beyond the lowest N are ignored; a mask with fewer leaves slices unused.

    Parameters
    ----------
    twins : whether there may be two row pairs

    Attributes
    ----------
    masks : In(32), patterns of both windows
    second_masks : In(32), those of the second row pair
    twins : In(1), with `whole`: slices 4 to 7 and 12 to 15 take those of the second pair
    sparse : In(1), if 0 slice k takes column k
    whole : In(1), slices 0 to 7 take the first window, 8 to 15 the second, N at most 8
    kept : In(5), N
    half : In(1), the window, unless `whole`
    selects : Out of `SELECTS`
    """

    def __init__(self, twins: bool) -> None:
        self._twins = twins
        super().__init__(
            {
                "masks": In(2 * WINDOW),
                "second_masks": In(2 * WINDOW),
                "twins": In(1),
                "sparse": In(1),
                "whole": In(1),
                "kept": In(range(WINDOW + 1)),
                "half": In(1),
                "selects": Out(SELECTS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Rank two windows; the upper slices continue the first or begin the second."""
        m = Module()
        first, second = Signal(WINDOW), Signal(WINDOW)
        m.d.comb += [
            first.eq(Mux(self.half & ~self.whole, self.masks[WINDOW:], self.masks[:WINDOW])),
            second.eq(self.masks[WINDOW:]),
        ]
        lower, upper = _ranked(m, first, "first"), _ranked(m, second, "second")
        middle = WINDOW // 2
        for slice_ in range(WINDOW):
            rank = slice_ % middle
            own = Signal(WINDOW, name=f"own_{slice_}")
            if slice_ < middle:
                m.d.comb += own.eq(lower[slice_])
            else:
                m.d.comb += own.eq(Mux(self.whole, upper[rank], lower[slice_]))
            select = self.selects[slice_]
            with m.If(~self.sparse):
                m.d.comb += [select.index.eq(slice_), select.used.eq(1)]
            with m.Elif(rank < self.kept):
                m.d.comb += select.as_value().eq(_encode(own))
        if self._twins:
            self._add_second(m)
        return m

    def _add_second(self, m: Module) -> None:
        """Let the last four slices of each window take the second pair's patterns."""
        for window, name in enumerate(("third", "fourth")):
            mask = self.second_masks[WINDOW * window :][:WINDOW]
            ranked = _ranked(m, mask, name)
            for rank in range(TWIN_KEPT):
                select = self.selects[WINDOW // 2 * window + TWIN_KEPT + rank].as_value()
                with m.If(self.twins):
                    m.d.comb += select.eq(Mux(rank < self.kept, _encode(ranked[rank]), 0))
