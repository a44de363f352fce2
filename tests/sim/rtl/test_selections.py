"""Parts that a number chooses: two and more, of a signal and of a slice of one."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.sim.rtl import verilog
from wingbeat.sim.rtl.harness import Simulation

PART = 32


class Chooser(wiring.Component):
    """Part `place` of the word's bits from `low` on; 0 behind the last of them."""

    def __init__(self, parts: int, bits: int, low: int = 0) -> None:
        self._width, self._low = parts * PART, low
        members = {"word": In(low + self._width), "place": In(bits), "chosen": Out(PART)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word = self.word[self._low :]
        m.d.comb += self.chosen.eq(word.word_select(self.place, PART))
        return m


# parts, bits of the number, low, whether no shift is left
CASES = [(2, 1, 0, True), (2, 1, 5, True), (8, 3, 0, True), (8, 3, 5, False), (5, 3, 0, False)]


@pytest.mark.parametrize(("parts", "bits", "low", "fills"), CASES)
def test_parts(parts: int, bits: int, low: int, fills: bool) -> None:
    component = Chooser(parts, bits, low)
    assert (">>" in verilog.to_fast_verilog(verilog.elaborate(component))) != fills
    random = np.random.default_rng(parts)
    simulation = Simulation(Chooser(parts, bits, low))
    for _ in range(200):
        word = int.from_bytes(random.bytes(40), "little") % (1 << (low + parts * PART))
        place = int(random.integers(1 << bits))
        simulation.set("word", word)
        simulation.set("place", place)
        assert simulation.get("chosen") == word >> (low + place * PART) & 0xFFFF_FFFF
