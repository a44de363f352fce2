"""What rests on its own clock, against the same thing on a clock that never stops."""

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.clock_gate import REST, rest
from wingbeat.sim.rtl.harness import Simulation

CYCLES = 5000


class Sums(wiring.Component):
    """Adds what is valid, two cycles later; counts its own cycles."""

    value: In(8)
    valid: In(1)
    total: Out(32)
    cycles: Out(32)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value, valid = Signal(8), Signal()
        m.d.sync += [value.eq(self.value), valid.eq(self.valid), self.cycles.eq(self.cycles + 1)]
        with m.If(valid):
            m.d.sync += self.total.eq(self.total + value)
        return m


class Resting(wiring.Component):
    """`Sums` that rests while nothing is valid."""

    value: In(8)
    valid: In(1)
    total: Out(32)
    cycles: Out(32)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sums = Sums()
        rest(m, sums, self.valid, name="sums")
        m.d.comb += [
            sums.value.eq(self.value),
            sums.valid.eq(self.valid),
            self.total.eq(sums.total),
            self.cycles.eq(sums.cycles),
        ]
        return m


def stimuli(chance: float) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {"value": random.integers(0, 256, CYCLES), "valid": random.random(CYCLES) < chance}


def test_results_are_those_of_a_clock_that_never_stops() -> None:
    for chance in (0.02, 0.2, 1.0):
        inputs = stimuli(chance)
        wanted = Simulation(Sums()).run(inputs, ["total"])["total"]
        np.testing.assert_array_equal(Simulation(Resting()).run(inputs, ["total"])["total"], wanted)


def test_the_clock_rests() -> None:
    inputs = stimuli(0.02)
    runs = np.zeros(CYCLES, bool)
    for later in range(REST + 1):
        runs[later:] |= inputs["valid"][: CYCLES - later]
    found = Simulation(Resting()).run(inputs, ["cycles"])["cycles"]
    np.testing.assert_array_equal(found[1:], np.cumsum(runs)[:-1])
    assert found[-1] < CYCLES / 4


def test_a_reset_reaches_what_rests() -> None:
    simulation = Simulation(Resting())
    simulation.run({"value": 3, "valid": np.array([1, 1, 0])}, ["total"])
    simulation.step(100)
    assert simulation.get("total") == 6
    simulation.reset()
    assert simulation.get("total") == 0
