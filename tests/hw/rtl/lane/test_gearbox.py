"""The gearbox is a queue of bytes."""

from __future__ import annotations

import numpy as np
import pytest

from wingbeat.hw.rtl.lane.gearbox import Gearbox
from wingbeat.sim.rtl.harness import Simulation


@pytest.mark.parametrize("sizes", [(16, 32), (12, 20, 32), (2, 4, 3, 28), (8, 64), (4,)])
def test_pieces_follow_each_other_without_the_bytes_that_do_not_count(
    sizes: tuple[int, ...],
) -> None:
    rng = np.random.default_rng(1)
    gearbox = Gearbox(sizes)
    granule = gearbox.granule
    simulation = Simulation(gearbox)
    sent, got = bytearray(), bytearray()
    for _ in range(3000):
        count = int(rng.integers(1, 16 // granule + 1)) * granule if rng.random() < 0.2 else 16
        beat = rng.bytes(16)
        offered = rng.random() < 0.8
        simulation.set("beats__valid", offered)
        simulation.set("beats__payload", int.from_bytes(beat, "little") | count << 128)
        if offered and simulation.get("beats__ready"):
            sent += beat[:count]
        size = int(rng.choice(sizes))
        take = rng.random() < 0.8 and simulation.get("level") * granule >= size
        simulation.set("take", size // granule if take else 0)
        if take:
            got += simulation.get("piece").to_bytes(max(sizes), "little")[:size]
        simulation.step()
    assert len(got) > 3000
    assert got == sent[: len(got)]


@pytest.mark.parametrize("size", [12, 16, 20, 32])
def test_a_beat_a_cycle(size: int) -> None:
    gearbox = Gearbox((size,))
    simulation = Simulation(gearbox)
    simulation.set("beats__valid", 1)
    simulation.set("beats__payload", 16 << 128)
    for cycle in range(200):
        if size >= 16:
            assert simulation.get("beats__ready"), cycle
        ready = simulation.get("level") * gearbox.granule >= size
        assert ready or size > 16 or cycle < 2
        simulation.set("take", size // gearbox.granule if ready else 0)
        simulation.step()
