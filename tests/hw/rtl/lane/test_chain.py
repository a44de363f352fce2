"""Chains against integers: plain logic, and cascades of packed slices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wingbeat.hw.config import AcceleratorConfig, Multiplier
from wingbeat.hw.rtl.lane.cascade_chain import CascadeChain, chain_of
from wingbeat.hw.rtl.lane.chain import Chain
from wingbeat.hw.rtl.lane.packing import packing_of
from wingbeat.sim.rtl import verilog
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.verilate import Optimise

CHAINS: dict[str, tuple[Any, Optimise]] = {
    **{multiplier.name: (chain_of(multiplier), "compile") for multiplier in Multiplier},
    "plain DSP48E2": (CascadeChain(Multiplier.DSP48E2, model=True), "compile"),
    "plain DSP48E1": (CascadeChain(Multiplier.DSP48E1, model=True), "compile"),
    "model": (Chain(), "behaviour"),
}


def operands(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random ones, and those that bring the fields to their limits."""
    packed = rng.integers(-127, 128, (count, 2, 16))
    factor = rng.integers(-127, 128, (count, 16))
    corner = rng.random(count) < 0.5
    packed[corner] = rng.choice([-127, 127], (int(corner.sum()), 2, 1))
    factor[corner] = rng.choice([-127, 127, 127, 0, 1], (int(corner.sum()), 1))
    return packed.astype(np.int8), factor.astype(np.int8)


@pytest.mark.parametrize("name", CHAINS)
def test_sums_of_products(name: str) -> None:
    chain, optimise = CHAINS[name]
    packed, factor = operands(np.random.default_rng(1), 5000)
    expected = np.einsum("nfk,nk->nf", packed.astype(np.int64), factor.astype(np.int64))
    out = Simulation(chain, optimise).run(
        {"packed": packed.view(np.uint64).reshape(-1, 4), "factor": factor.view(np.uint64)},
        ["sums"],
        cycles=len(packed) + chain.LATENCY,
    )["sums"][chain.LATENCY :]
    words = np.asarray(out, np.uint64)
    for field in range(2):
        raw = (words >> np.uint64(21 * field)).astype(np.int64) & ((1 << 21) - 1)
        np.testing.assert_array_equal(raw - ((raw >> 20) << 21), expected[:, field])


@pytest.mark.parametrize(
    ("multiplier", "shift", "taps"),
    [("DSP48E2", 19, 16), ("DSP48E1", 17, 4), ("MULT18X18D", 10, 0)],
)
def test_packing_follows_from_the_primitive(multiplier: str, shift: int, taps: int) -> None:
    packing = packing_of(Multiplier[multiplier])
    assert (packing.shift, packing.taps) == (shift, taps)


def test_no_field_overflows_between_nodes() -> None:
    for multiplier in (Multiplier.DSP48E2, Multiplier.DSP48E1):
        packing = packing_of(multiplier)
        assert packing.nodes()[-1] == 15
        assert packing.taps * 127 * 127 < 1 << (packing.shift - 1)
        assert (packing.taps + 1) * 127 * 127 >= 1 << (packing.shift - 1)


@pytest.mark.parametrize("name", ["BEHAVIOURAL", "DSP48E2", "DSP48E1", "MULT18X18D"])
def test_every_primitive_elaborates(name: str) -> None:
    config = AcceleratorConfig(lanes=8, multiplier=name)  # type: ignore[arg-type]
    chain = chain_of(Multiplier[config.multiplier])
    assert chain.LATENCY == Chain.LATENCY
    design = verilog.elaborate(chain)
    slices = design.rtlil.count(f"cell \\{name} ")
    assert slices == {"BEHAVIOURAL": 0, "MULT18X18D": 32}.get(name, 16)
