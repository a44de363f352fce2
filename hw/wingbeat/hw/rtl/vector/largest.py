"""The largest element of a row, of a group, and where it is."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import C, Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw import enum
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import INFINITY_BITS, NAN_BITS, WIDTH, is_nan
from wingbeat.hw.rtl.memory.ports import words
from wingbeat.hw.rtl.vector.rows import STEP_BITS

_SIGN = 1 << (WIDTH - 1)
_MINUS_INFINITY = _SIGN | INFINITY_BITS


class Compare(enum.Enum, shape=2):
    """By what elements are compared, and what comes of a NaN."""

    VALUE = 0
    """As `reduction.largest`: a NaN beats everything, +0 beats -0."""
    FIRST = 1
    """As `reduction.index_of_largest`: a NaN is -inf, zeros are equal, the first of equals wins."""
    MAGNITUDE = 2
    """As the quantiser: without signs; a NaN beats everything."""


_CANDIDATE = data.StructLayout({"key": unsigned(WIDTH), "minus_zero": 1, "lane": unsigned(4)})


class Largest(wiring.Component):
    """The largest of a run of steps.

    Words become unsigned *keys* in the order of comparison. A tree finds the largest of a step,
    a level a cycle; then it is compared with the largest so far, again in a cycle.

    Attributes
    ----------
    compare : In, stable during a run
    valid : In(1), a step of a run
    first, last : In(1), it is the first, or the last, of its run
    step : In, its number; part of the index
    words : In
    largest : Out(32), `LATENCY` cycles after the last step: the value; with MAGNITUDE its bits
        without the sign
    index : Out(32), element of the row
    largest_valid : Out(1)
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._lanes = config.vector_lanes
        self.LATENCY = 1 + ceil_log2(self._lanes) + 1
        super().__init__(
            {
                "compare": In(Compare),
                "valid": In(1),
                "first": In(1),
                "last": In(1),
                "step": In(STEP_BITS),
                "words": In(words(config)),
                "largest": Out(WIDTH),
                "index": Out(WIDTH),
                "largest_valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Keys, tree, largest so far."""
        m = Module()
        level = []
        for lane in range(self._lanes):
            candidate = Signal(_CANDIDATE, name=f"candidate_{lane}", reset_less=True)
            key, minus_zero = _key(self.words[lane], self.compare)
            m.d.sync += [
                candidate.key.eq(key),
                candidate.minus_zero.eq(minus_zero),
                candidate.lane.eq(lane),
            ]
            level.append(candidate)
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2], strict=True)
            level = [
                _winner(m, low, high, f"{len(level)}_{i}") for i, (low, high) in enumerate(pairs)
            ]
        (winner,) = level

        cycles = self.LATENCY - 1
        valid = delay(m, self.valid, cycles, name="valid", reset_less=False)
        first = delay(m, self.first, cycles, name="first")
        last = delay(m, self.last, cycles, name="last")
        step = delay(m, self.step, cycles, name="step")
        best = Signal(_CANDIDATE, reset_less=True)
        best_step = Signal(STEP_BITS, reset_less=True)
        with m.If(valid & (first | (winner.key > best.key))):
            m.d.sync += [best.eq(winner), best_step.eq(step)]
        m.d.sync += self.largest_valid.eq(valid & last)

        value = Mux(best.key[-1], best.key[:-1], ~best.key)
        m.d.comb += [
            self.largest.eq(Mux(best.minus_zero, _SIGN, value)),
            self.index.eq(Cat(best.lane[: ceil_log2(self._lanes)], best_step)),
        ]
        with m.If(self.compare == Compare.MAGNITUDE):
            m.d.comb += self.largest.eq(best.key)
        return m


def _key(word: Any, compare: Any) -> tuple[Any, Any]:
    """Return an unsigned number in the order of comparison, and whether a -0 counted as +0."""
    minus_zero = (compare == Compare.FIRST) & (word == _SIGN)
    nan = Mux(compare == Compare.VALUE, C(NAN_BITS, WIDTH), C(_MINUS_INFINITY, WIDTH))
    value = Mux(is_nan(word), nan, word)
    magnitude = word[:-1]
    ordered = Mux(minus_zero, _SIGN, Mux(value[-1], ~value, value | _SIGN))
    return Mux(compare == Compare.MAGNITUDE, magnitude, ordered), minus_zero


def _winner(m: Module, low: Any, high: Any, name: str) -> Any:
    """Return the larger of two candidates, of equals the one in the lower lane, registered."""
    winner = Signal(_CANDIDATE, name=name, reset_less=True)
    m.d.sync += winner.eq(Mux(high.key > low.key, high, low))
    return winner
