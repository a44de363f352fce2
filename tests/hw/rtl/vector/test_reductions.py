"""Sums and largest elements in RTL against `arithmetic.reduction`."""

import numpy as np
import numpy.typing as npt
import pytest
from tests.hw.rtl.vector.words import words

from wingbeat.hw.arithmetic import reduction
from wingbeat.hw.arithmetic.fp32 import Float
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.vector.largest import Compare, Largest
from wingbeat.hw.rtl.vector.total import Total
from wingbeat.sim.rtl.harness import Simulation

LANES = [4, 8, 16]

# overflows are part of it
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def configuration(lanes: int) -> AcceleratorConfig:
    return AcceleratorConfig.parse({"lanes": 8, "vector_lanes": lanes})


def rows_of(rng: np.random.Generator, count: int, steps: int, lanes: int) -> Float:
    rows = [words(rng, steps * lanes, rng.choice([0, 0.02, 0.5, 1])) for _ in range(count)]
    return np.array(rows)


def schedule(rng: np.random.Generator, steps: int, gaps: float) -> npt.NDArray[np.int64]:
    """For each cycle the number of the step that is given; -1 for none."""
    places = np.cumsum(rng.geometric(1 - gaps, steps)) - 1
    order = np.full(places[-1] + 1, -1)
    order[places] = np.arange(steps)
    return order


def give(
    rows: Float, lanes: int, order: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.generic]]:
    """Inputs in this order; garbage where nothing is given."""
    steps = rows.shape[1] // lanes
    table = rows.reshape(-1, lanes)
    valid = order >= 0
    step = order % steps
    given = np.where(valid[:, None], table[order], np.float32(np.nan))
    return {
        "valid": np.append(valid, False),
        "step": np.append(step, 0),
        "words": np.append(given, table[:1], axis=0),
        "first": np.append(step == 0, 0),
        "last": np.append(step == steps - 1, 0),
    }


@pytest.mark.parametrize("lanes", LANES)
def test_totals_in_the_order_of_the_definition(lanes: int) -> None:
    rng = np.random.default_rng(lanes)
    simulation = Simulation(Total(configuration(lanes)))
    least = reduction.PARTIALS // lanes
    for trial in range(24):
        steps = int(least + rng.integers(0, 3 * least) * (trial % 3 > 0))
        rows = rows_of(rng, 6, steps, lanes)
        order = schedule(rng, 6 * steps, [0, 0.5, 0.1][trial % 3])
        inputs = give(rows, lanes, order)
        del inputs["first"], inputs["last"]
        found = simulation.run(
            inputs | {"steps": steps}, ["total", "total_valid"], cycles=len(order) + 150
        )
        got = found["total"][found["total_valid"] == 1].astype(np.uint32)
        np.testing.assert_array_equal(got, reduction.total(rows).view(np.uint32))


def test_a_sum_that_vanishes_below_zero() -> None:
    """-0 where a negative subnormal was replaced: the next 128 elements, +0, make it +0."""
    lanes = 4
    simulation = Simulation(Total(configuration(lanes)))
    small, most = np.float32(1.5 * 2.0**-126), np.float32(-1.25 * 2.0**-126)
    for steps in (65, 64, 97, 96):
        rows = np.full((1, steps * lanes), -0.0, np.float32)
        # each partial result becomes a negative subnormal
        rows[0, :128], rows[0, 128 : min(256, steps * lanes)] = -small, -most
        inputs = give(rows, lanes, np.arange(steps))
        del inputs["first"], inputs["last"]
        found = simulation.run(
            inputs | {"steps": steps}, ["total", "total_valid"], cycles=steps + 150
        )
        got = found["total"][found["total_valid"] == 1].astype(np.uint32)
        np.testing.assert_array_equal(got, reduction.total(rows).view(np.uint32))


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("compare", list(Compare))
def test_the_largest_and_where_it_is(lanes: int, compare: Compare) -> None:
    rng = np.random.default_rng(lanes)
    simulation = Simulation(Largest(configuration(lanes)))
    for trial in range(40):
        steps = int(rng.integers(1, 40))
        rows = rows_of(rng, 6, steps, lanes)
        order = schedule(rng, 6 * steps, [0, 0.3][trial % 2])
        inputs = give(rows, lanes, order)
        outputs = ["largest", "index", "largest_valid"]
        found = simulation.run(inputs | {"compare": compare.value}, outputs, cycles=len(order) + 10)
        there = found["largest_valid"] == 1
        got = found["largest"][there].astype(np.uint32)
        if compare is Compare.MAGNITUDE:
            wanted = (rows.view(np.uint32) & 0x7FFFFFFF).max(axis=-1)
        elif compare is Compare.VALUE:
            wanted = reduction.largest(rows).view(np.uint32)
        else:
            largest, index = reduction.index_of_largest(rows)
            wanted = largest.view(np.uint32)
            assert found["index"][there].tolist() == index.tolist()
        np.testing.assert_array_equal(got, wanted)
