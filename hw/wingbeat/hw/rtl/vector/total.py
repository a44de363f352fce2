"""The sum of a row, in the order of `arithmetic.reduction.total`."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.arithmetic.reduction import PARTIALS
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.adder import Adder
from wingbeat.hw.rtl.fp32.format import WIDTH, is_zero
from wingbeat.hw.rtl.memory.ports import words
from wingbeat.hw.rtl.vector.fold import tree
from wingbeat.hw.rtl.vector.rows import STEP_BITS


class Total(wiring.Component):
    """Sums of rows of at least 128 elements (behind the end they are +0).

    Each lane has an adder and `128 / vector_lanes` partial results, which take turns; they come
    back after as many cycles or later, behind the adder's latency. The last value of each goes to
    the tree while the next row is added.

    Attributes
    ----------
    steps : In, steps of a row, at least 128 / vector_lanes; stable while rows are in progress
    valid : In(1)
    step : In, number of the step in its row
    words : In
    total : Out(32)
    total_valid : Out(1), the total of the next row is there
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._lanes = config.vector_lanes
        self._slots = PARTIALS // config.vector_lanes
        assert self._slots >= Adder.LATENCY + 2, "a partial result comes back too soon"
        super().__init__(
            {
                "steps": In(STEP_BITS),
                "valid": In(1),
                "step": In(STEP_BITS),
                "words": In(words(config)),
                "total": Out(WIDTH),
                "total_valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Read a partial result, add, write it back or send it to the tree."""
        m = Module()
        digits = ceil_log2(self._slots)
        memory = Memory(shape=self._lanes * WIDTH, depth=self._slots, init=[])
        m.submodules.partials = memory
        read, write = memory.read_port(domain="comb"), memory.write_port()
        opening, closing, unvisited = Signal(), Signal(), Signal()
        rounds, current = (self.steps - 1)[digits:STEP_BITS], self.step[digits:]
        m.d.comb += [
            read.addr.eq(self.step[:digits]),
            opening.eq(current == 0),
            closing.eq(self.step + self._slots >= self.steps),
            unvisited.eq(closing & (current != rounds)),
        ]
        partial = Mux(opening, 0, read.data)
        partial = delay(m, partial, 1, name="partial")
        addend = delay(m, self.words.as_value(), 1, name="addend")

        cycles = 1 + Adder.LATENCY
        sums = []
        for lane in range(self._lanes):
            m.submodules[f"adder_{lane}"] = adder = Adder()
            m.d.comb += [
                adder.a.eq(partial.word_select(lane, WIDTH)),
                adder.b.eq(addend.word_select(lane, WIDTH)),
            ]
            sums.append(adder.sum)
        m.d.comb += [
            write.addr.eq(delay(m, self.step[:digits], cycles, name="slot")),
            write.en.eq(delay(m, self.valid, cycles, name="valid", reset_less=False)),
            write.data.eq(Cat(*sums)),
        ]

        first, last = tree(m, self._lanes, self._slots)
        unvisited = delay(m, unvisited, cycles, name="unvisited")
        closes = self.valid & closing
        m.d.comb += [
            first.valid.eq(delay(m, closes, cycles, name="closes", reset_less=False)),
            first.words.eq(Cat(_plus_zero(value, unvisited) for value in sums)),
            self.total.eq(last.sums[0]),
            self.total_valid.eq(last.sums_valid),
        ]
        return m


def _plus_zero(word: Any, add: Any) -> Any:
    """Return what adding +0 makes of a word, where `add`: a -0 becomes +0.

    The definition fills the last 128 elements of a row with +0. Where that is a whole step, this
    takes the place of an addition. A sum is -0 where a negative subnormal was replaced.
    """
    return Cat(word[:-1], word[-1] & ~(add & is_zero(word)))
