"""The scalar unit and the divider against Python's integers."""

import random

import pytest

from wingbeat.hw.isa.instructions import Scalar
from wingbeat.hw.rtl.sequencer.divider import Divider
from wingbeat.hw.rtl.sequencer.scalar import ScalarUnit
from wingbeat.hw.sequencer import compute
from wingbeat.sim.rtl.harness import Simulation

M = 1 << 32
CORNERS = [0, 1, 2, 3, 31, 32, 33, 255, M // 2 - 1, M // 2, M // 2 + 1, M - 2, M - 1]
OPERATIONS = tuple(Scalar)[: Scalar.LOOP.value]


@pytest.fixture(scope="module")
def scalar() -> Simulation:
    return Simulation(ScalarUnit())


def latency(operation: Scalar) -> int:
    if operation is Scalar.MUL:
        return ScalarUnit.MULTIPLY_LATENCY
    return ScalarUnit.DIVIDE_LATENCY if operation is Scalar.CEILDIV else 1


def run(sim: Simulation, operation: Scalar, pairs: list[tuple[int, int]]) -> None:
    """Start each pair one after the other, as fast as they are done."""
    period = latency(operation) + 1
    cycles = period * len(pairs)
    inputs = {
        "operation": [operation.value] * cycles,
        "start": [int(cycle % period == 0) for cycle in range(cycles)],
        "a": [pairs[cycle // period][0] for cycle in range(cycles)],
        "b": [pairs[cycle // period][1] for cycle in range(cycles)],
    }
    outputs = sim.run(inputs, ["done", "result"])
    assert [int(d) for d in outputs["done"]] == [
        int(cycle % period == period - 1) for cycle in range(cycles)
    ]
    results = [int(r) for r in outputs["result"][period - 1 :: period]]
    assert results == [compute(operation, a, b) for a, b in pairs]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_at_its_corners(scalar: Simulation, operation: Scalar) -> None:
    run(scalar, operation, [(a, b) for a in CORNERS for b in CORNERS])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_anywhere(scalar: Simulation, operation: Scalar) -> None:
    rng = random.Random(operation.name)
    pairs = [(rng.getrandbits(rng.randint(1, 32)), rng.getrandbits(rng.randint(1, 32)))]
    for _ in range(1500):
        a, b = rng.getrandbits(rng.randint(1, 32)), rng.getrandbits(rng.randint(1, 32))
        pairs += [(a, b), (a, a), (b, a)][: rng.randint(1, 3)]
    run(scalar, operation, pairs)


def test_a_quotient_stays_until_the_next_start() -> None:
    sim = Simulation(Divider())
    sim.set("dividend", 1000)
    sim.set("divisor", 7)
    sim.set("start", 1)
    sim.step()
    sim.set("start", 0)
    assert sim.run_until("done", 50) == Divider.LATENCY - 1
    for _ in range(40):
        assert sim.get("quotient") == 143
        sim.step()
        assert not sim.get("done")
