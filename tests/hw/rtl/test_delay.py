"""Shift registers: as many cycles as were asked for, valid bits known after a reset."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.delay import delay
from wingbeat.sim.rtl.harness import Simulation

PAIR = data.StructLayout({"low": 5, "high": 3})


class Delays(wiring.Component):
    def __init__(self, cycles: int) -> None:
        self._cycles = cycles
        super().__init__(
            {"pair": In(PAIR), "valid": In(1), "high": Out(3), "low": Out(5), "later": Out(1)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pair = delay(m, self.pair, self._cycles, name="pair")
        later = delay(m, self.valid, self._cycles, name="valid", reset_less=False)
        m.d.comb += [self.high.eq(pair.high), self.low.eq(pair.low), self.later.eq(later)]
        return m


@pytest.mark.parametrize("cycles", [0, 1, 4])
def test_a_view_comes_back_as_one(cycles: int) -> None:
    pair = np.random.default_rng(1).integers(0, 256, 50)
    found = Simulation(Delays(cycles)).run({"pair": pair}, ["low", "high"], cycles=50)
    kept = pair[: 50 - cycles]
    assert (found["low"][cycles:] == kept & 31).all()
    assert (found["high"][cycles:] == kept >> 5).all()


def test_a_reset_clears_what_may_not_be_lost_count_of() -> None:
    simulation = Simulation(Delays(4))
    simulation.run({"pair": np.full(6, 255), "valid": [1] * 6}, [], cycles=6)
    simulation.reset()
    assert int(simulation.get("later")) == 0
