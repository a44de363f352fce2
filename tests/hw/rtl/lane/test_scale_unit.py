"""The scale unit and the accumulators against NumPy, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from wingbeat.hw.arithmetic.half import decode_half
from wingbeat.hw.arithmetic.quantise import scale_of
from wingbeat.hw.rtl.lane.accumulators import Accumulators
from wingbeat.hw.rtl.lane.scale_unit import ScaleUnit
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.verilate import Optimise

FORMS: tuple[Optimise, ...] = ("compile", "behaviour")


@pytest.mark.parametrize("form", FORMS)
def test_every_rounding_is_that_of_the_definition(form: Optimise) -> None:
    rng = np.random.default_rng(1)
    count = 20_000
    limit = 32 * 127 * 127
    integer = rng.integers(-limit, limit + 1, count)
    integer[::5] = rng.choice([0, 1, -1, limit, -limit, 1 << 18], len(integer[::5]))
    scale, minimum = rng.integers(0, 1 << 16, (2, count)).astype(np.uint16)
    minimum[::3] = 0
    total = rng.integers(-32 * 127, 32 * 127 + 1, count)
    exponents = np.exp2(rng.integers(-60, 60, count)).astype(np.float32)
    operand = scale_of(rng.random(count).astype(np.float32) * exponents)
    operand[::11] = 0
    operand[::13] = np.nan
    expected = integer.astype(np.float32) * decode_half(scale)
    expected += decode_half(minimum) * total.astype(np.float32)
    expected *= operand
    found = (
        Simulation(ScaleUnit(), form)
        .run(
            {
                "integer": integer,
                "scale": scale,
                "minimum": minimum,
                "operand_sum": total,
                "operand_scale": operand.view(np.uint32),
            },
            ["result"],
            cycles=count + ScaleUnit.LATENCY,
        )["result"][ScaleUnit.LATENCY :]
        .astype(np.uint32)
    )
    same = found == expected.view(np.uint32)
    # the sign of a zero is lost in the accumulator
    zero = (expected == 0) & (found << np.uint32(1) == 0)
    assert (same | zero).all()


def test_accumulators_can_be_revisited_after_the_latency() -> None:
    rng = np.random.default_rng(2)
    depth, count = 16, 4000
    simulation = Simulation(Accumulators(depth))
    model = np.zeros((2, depth), np.float32)
    touched: dict[tuple[int, int], int] = {}
    values = rng.normal(size=count).astype(np.float32)
    for cycle in range(count):
        bank, address = int(rng.integers(2)), int(rng.integers(depth))
        free = cycle - touched.get((bank, address), -100) >= Accumulators.LATENCY
        valid = free and rng.random() < 0.9
        first = (bank, address) not in touched or rng.random() < 0.1
        word = int(valid) | first << 1 | bank << 2 | address << 3
        simulation.set("add", word | int(values[cycle].view(np.uint32)) << 7)
        if valid:
            touched[bank, address] = cycle
            before = np.float32(0) if first else model[bank, address]
            model[bank, address] = before + values[cycle]
        simulation.step()
    simulation.set("add", 0)
    simulation.step(Accumulators.LATENCY)
    simulation.set("drain__active", 1)
    for bank in range(2):
        simulation.set("drain__bank", bank)
        for address in range(depth):
            simulation.set("drain__read_address", address)
            simulation.step()
            assert simulation.get("drain__read_data") == model[bank, address].view(np.uint32)
