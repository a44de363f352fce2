"""Multiplexers of many inputs, narrow and wide, compute what a `switch` says."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import C, Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.sim.rtl import multiplexers, verilog
from wingbeat.sim.rtl.harness import Simulation

WAYS = 6


class Choice(wiring.Component):
    """Rotates a word by whole parts; beyond the last part, some constant and some of the word."""

    def __init__(self, part: int) -> None:
        self._part = part
        width = part * WAYS
        super().__init__({"word": In(width), "place": In(4), "chosen": Out(width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cut = 1
        m.d.comb += self.chosen.eq(Cat(C(1, cut), self.word[: -cut or None]))
        with m.Switch(self.place):
            for place in range(WAYS):
                with m.Case(place):
                    m.d.comb += self.chosen.eq(self.word.rotate_left(place * self._part))
            with m.Case(9):
                m.d.comb += self.chosen.eq(Cat(self.word[3:], C(5, 3)))
        return m


@pytest.mark.parametrize("part", [1, 7, 40])
def test_choices(part: int) -> None:
    width, count = part * WAYS, 2000
    random = np.random.default_rng(part)
    words = [int.from_bytes(random.bytes(32), "little") % (1 << width) for _ in range(count)]
    places = random.integers(0, 16, count)
    simulation = Simulation(Choice(part))
    mask = (1 << width) - 1
    for word, place in zip(words, places, strict=True):
        simulation.set("word", word)
        simulation.set("place", int(place))
        if place < WAYS:
            turn = int(place) * part
            wanted = (word << turn | word >> (width - turn)) & mask
        elif place == 9:
            wanted = word >> 3 | 5 << (width - 3)
        else:
            wanted = (word << 1 | 1) & mask
        assert simulation.get("chosen") == wanted, (place, hex(word))


@pytest.mark.parametrize("part", [1, 40])
def test_none_is_left(part: int) -> None:
    written = verilog.to_fast_verilog(verilog.elaborate(Choice(part)))
    assert "function" in verilog.to_verilog(verilog.elaborate(Choice(part)))
    assert "function" not in written
    assert ("always" in written) == (part * WAYS > multiplexers.WIDE)
