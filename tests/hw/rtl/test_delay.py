"""Shift registers: as many cycles as were asked for, valid bits known after a reset."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.delay import delay
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.verilate import Optimise

CASES: list[tuple[int, Optimise]] = [
    (0, "compile"), (1, "compile"), (8, "compile"), (9, "compile"), (9, "behaviour"),
    (32, "behaviour"), (33, "behaviour"),
]  # fmt: skip

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


@pytest.mark.parametrize(("cycles", "form"), CASES)
def test_a_view_comes_back_as_one(cycles: int, form: Optimise) -> None:
    """Up to 8 cycles it is one register, beyond that many, or a ring."""
    pair = np.random.default_rng(1).integers(0, 256, 50)
    found = Simulation(Delays(cycles), form).run({"pair": pair}, ["low", "high"], cycles=50)
    kept = pair[: 50 - cycles]
    assert (found["low"][cycles:] == kept & 31).all()
    assert (found["high"][cycles:] == kept >> 5).all()


@pytest.mark.parametrize("cycles", [4, 70])
def test_a_reset_clears_what_may_not_be_lost_count_of(cycles: int) -> None:
    simulation = Simulation(Delays(cycles))
    simulation.run({"valid": [1] * cycles}, [], cycles=cycles)
    assert int(simulation.get("later")) == 1
    simulation.reset()
    assert not simulation.run({"valid": 0}, ["later"], cycles=cycles)["later"].any()
