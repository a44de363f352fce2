"""One level of the tree that joins the partial results of a sum."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.adder import Adder
from wingbeat.hw.rtl.fp32.format import WIDTH


class Fold(wiring.Component):
    """Adds the upper half of a sequence of words to its lower half.

    A sequence comes as `steps` steps of `width` words, lowest words first. The result has half as
    many words: as many steps of half the width, or half as many steps of one word. So each level
    needs half the adders of the one before it, and all are busy when sequences follow each other
    without a gap. In which step a sequence begins does not matter as long as its steps are in
    cyclic order, because the pairs remain the same.

    Parameters
    ----------
    width, steps : powers of two; `steps` at least 2

    Attributes
    ----------
    words : In, a step
    valid : In(1)
    sums : Out, a step of the result
    sums_valid : Out(1)
    """

    def __init__(self, width: int, steps: int) -> None:
        self._width = width
        self._steps = steps
        self._adders = max(1, width // 2)
        super().__init__(
            {
                "words": In(data.ArrayLayout(unsigned(WIDTH), width)),
                "valid": In(1),
                "sums": Out(data.ArrayLayout(unsigned(WIDTH), self._adders)),
                "sums_valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Keep the lower half; pair each step of the upper half with the one half as old."""
        m = Module()
        half = self._steps // 2
        count = Signal(range(self._steps))
        older = self.words.as_value()
        with m.If(self.valid):
            m.d.sync += count.eq(count + 1)
        for age in range(half):
            register = Signal(self._width * WIDTH, name=f"older_{age}", reset_less=True)
            with m.If(self.valid):
                m.d.sync += register.eq(older)
            older = register
        paired = self.valid & count[-1]

        if self._width == 1:
            lower, upper, valid = older, self.words.as_value(), paired
        else:
            # pairs of whole steps come in, pairs of half steps go out
            m.submodules.queue = queue = SyncFIFO(width=2 * self._width * WIDTH, depth=half)
            lower_lanes, upper_lanes = queue.r_data[: len(older)], queue.r_data[len(older) :]
            part = Signal()
            with m.If(queue.r_rdy):
                m.d.sync += part.eq(~part)
            m.d.comb += [
                queue.w_data.eq(Cat(older, self.words)),
                queue.w_en.eq(paired),
                queue.r_en.eq(part),
            ]
            bits = self._adders * WIDTH
            lower, upper = (Mux(part, w[bits:], w[:bits]) for w in (lower_lanes, upper_lanes))
            valid = queue.r_rdy
        lower, upper = delay(m, lower, 1, name="lower"), delay(m, upper, 1, name="upper")
        for lane in range(self._adders):
            m.submodules[f"adder_{lane}"] = adder = Adder()
            m.d.comb += [
                adder.a.eq(lower.word_select(lane, WIDTH)),
                adder.b.eq(upper.word_select(lane, WIDTH)),
                self.sums[lane].eq(adder.sum),
            ]
        m.d.comb += self.sums_valid.eq(
            delay(m, valid, 1 + Adder.LATENCY, name="valid", reset_less=False)
        )
        return m


def tree(m: Module, width: int, steps: int) -> tuple[Fold, Fold]:
    """Add the levels that join `width * steps` words; return the first and the last of them."""
    levels: list[Fold] = []
    while width * steps > 1:
        level = Fold(width, steps)
        m.submodules[f"level_{len(levels)}"] = level
        if levels:
            m.d.comb += [level.words.eq(levels[-1].sums), level.valid.eq(levels[-1].sums_valid)]
        levels.append(level)
        width, steps = (width // 2, steps) if width > 1 else (1, steps // 2)
    return levels[0], levels[-1]
