"""DSP primitives, as their simulation models have them, against plain logic: in every cycle."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from wingbeat.hw.config import Multiplier
from wingbeat.hw.rtl.lane.dsp_slice import CASCADE_BITS, Dsp48Slice, DspSlice
from wingbeat.hw.rtl.lane.multiplier_pair import Mult18Pair, MultiplierPair
from wingbeat.sim.rtl.harness import Simulation

CYCLES = 200_000
CORNERS = [-128, -127, -1, 0, 1, 127]


def codes(rng: np.random.Generator, shape: int | tuple[int, int]) -> npt.NDArray[np.int64]:
    """All bytes, every second one a corner; -128 too, though no weight or activation has it."""
    corner = rng.random(shape) < 0.5
    return np.where(corner, rng.choice(CORNERS, shape), rng.integers(-128, 128, shape))


@pytest.mark.parametrize("first", [True, False], ids=["first", "cascaded"])
@pytest.mark.parametrize("name", ["DSP48E2", "DSP48E1"])
def test_a_slice_of_a_cascade(name: str, first: bool) -> None:
    rng = np.random.default_rng(1)
    inputs = {port: codes(rng, CYCLES) for port in ("low", "high", "factor")}
    limit = 1 << (CASCADE_BITS - 1)
    # in a cascade the word stays far from its limits, but what happens there is defined too
    cascade = rng.integers(-limit, limit, CYCLES) >> rng.integers(0, CASCADE_BITS, CYCLES)
    inputs["cascade_in"] = np.zeros(CYCLES, np.int64) if first else cascade
    wanted, found = (
        Simulation(slice_).run(inputs, ["cascade_out"], cycles=CYCLES)["cascade_out"]
        for slice_ in (DspSlice(Multiplier[name]), Dsp48Slice(Multiplier[name], first))
    )
    np.testing.assert_array_equal(found, wanted)
    assert np.count_nonzero(found) > CYCLES // 2


def test_a_pair_of_multipliers() -> None:
    """Every product of two bytes, then random ones."""
    rng = np.random.default_rng(2)
    low, factor = (part.ravel() for part in np.meshgrid(*[np.arange(-128, 128)] * 2))
    packed = np.stack([low, low[::-1]], axis=1)
    packed = np.concatenate([packed, codes(rng, (CYCLES, 2))])
    factor = np.concatenate([factor, codes(rng, CYCLES)])
    inputs: dict[str, npt.NDArray[Any]] = {
        "packed": packed.astype(np.int8).view(np.uint16)[:, 0],
        "factor": factor,
    }
    wanted, found = (
        Simulation(pair).run(inputs, ["products"], cycles=len(factor))["products"][pair.LATENCY :]
        for pair in (MultiplierPair(), Mult18Pair())
    )
    np.testing.assert_array_equal(found, wanted[: len(found)])
    products = np.ascontiguousarray(wanted).astype(np.uint32)[:, None].view(np.int16)
    np.testing.assert_array_equal(products, (packed * factor[:, None])[: len(wanted)])
