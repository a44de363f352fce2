"""From beats to units: splitter, gearboxes, decode, patterns, scales against `unpack`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from tests.hw.rtl.lane.streams import Tile, random_tile

from wingbeat.hw.arithmetic.half import decode_half
from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.rtl.lane.assembler import Assembler, slot_layout
from wingbeat.hw.rtl.lane.commands import TILE
from wingbeat.hw.rtl.lane.queues import connect
from wingbeat.hw.rtl.lane.sections import SECTIONS, shapes
from wingbeat.hw.rtl.lane.splitter import Splitter
from wingbeat.hw.stream import Unpacked
from wingbeat.sim.rtl.harness import Simulation


class Decoder(wiring.Component):
    """Splitter and assembler with queues between them."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "tile": In(stream.Signature(TILE)),
                "beats": In(stream.Signature(BEAT_BITS)),
                "slots": Out(stream.Signature(slot_layout(config))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.splitter = splitter = Splitter(self._config)
        m.submodules.assembler = assembler = Assembler(self._config)
        wiring.connect(m, wiring.flipped(self.tile), splitter.tile)
        wiring.connect(m, wiring.flipped(self.beats), splitter.beats)
        wiring.connect(m, assembler.slots, wiring.flipped(self.slots))
        for name in (*SECTIONS, "info"):
            connect(m, getattr(splitter, name), getattr(assembler, name), 32, name)
        return m


CONFIGS = {
    "dense": ("int4g32", "uint4g64", "int3g128", "int2g32", "uint7g32", "int6g32"),
    "sparse": ("int4g32s", "uint3g64s", "int8g32s", "int5g32"),
    "small": ("int4g32", "uint4g32", "int8g32"),
}


def units_of(rows: npt.NDArray[np.uint64], tile: Tile) -> list[dict[str, npt.NDArray[np.int64]]]:
    """Spread slots back to columns: codes (32, 2) and halves (2, 2) of each unit."""
    units = []
    pending = np.zeros((32, 2), np.int64)
    sparse = tile.layout.format.sparse
    for row in rows:
        data = row.tobytes()
        word = int.from_bytes(data, "little")
        codes = np.frombuffer(data[:32], np.int8).reshape(16, 2).astype(np.int64)
        assert codes.min() >= -127 or sparse
        selects = [word >> (256 + 5 * k) & 31 for k in range(16)]
        halves = [word >> (336 + 16 * k) & 0xFFFF for k in range(4)]
        half, whole = word >> 400 & 1, word >> 401 & 1
        for k in range(16):
            window = k // 8 if whole else half
            index = selects[k] & 15 if sparse else k
            if not sparse or selects[k] >> 4:
                pending[16 * window + index] += codes[k]
        if half or whole:
            units.append({"codes": pending, "scales": np.array(halves).reshape(2, 2)})
            pending = np.zeros((32, 2), np.int64)
    return units


def check(tile: Tile, wanted: Unpacked, rows: npt.NDArray[np.uint64]) -> None:
    units = iter(units_of(rows, tile))
    for group in range(tile.groups):
        for pair in range(tile.layout.rows // 2):
            unit = next(units)
            both = slice(2 * pair, 2 * pair + 2)
            np.testing.assert_array_equal(unit["codes"], wanted.codes[group, :, both])
            scales = decode_half(unit["scales"].astype(np.uint16))
            d = wanted.scales[group, both] if wanted.scales is not None else [1, 1]
            m = wanted.minima[group, both] if wanted.minima is not None else [0, 0]
            np.testing.assert_array_equal(scales, np.stack([d, m], axis=1))


def slots_of(tile: Tile) -> int:
    return tile.groups * tile.layout.rows // 2 * (1 if tile.kept <= 8 else 2)


@pytest.mark.parametrize("formats", list(CONFIGS))
@pytest.mark.parametrize("garbage", [False, True])
def test_units(formats: str, garbage: bool) -> None:
    config = AcceleratorConfig(lanes=8, formats=CONFIGS[formats])
    simulation = Simulation(Decoder(config))
    rng = np.random.default_rng(1)
    tiles = [
        random_tile(
            rng,
            shape.format,
            rows,
            shape.format.group // 32 * int(rng.integers(1, 7)),
            shape.kept,
            garbage=garbage,
        )
        for number, shape in enumerate(shapes(config))
        for rows in ((4, 12), (8, 16))[number % 2]
    ]
    rng.shuffle(tiles)
    for stall in ({}, {"slots": 0.5, "beats": 0.1}, {"beats": 0.6}):
        simulation.reset()
        got = simulation.stream(
            {"tile": [t.command for t in tiles], "beats": np.concatenate([t.beats for t in tiles])},
            {"slots": sum(map(slots_of, tiles))},
            stall=stall,
            quiet=5,
        )
        start = 0
        for tile in tiles:
            check(tile, tile.unpack(), got["slots"][start : start + slots_of(tile)])
            start += slots_of(tile)


@pytest.mark.parametrize(("name", "rows"), [("int4g32", 16), ("int2g32", 4), ("int4g32s", 12)])
def test_a_slot_a_cycle(name: str, rows: int) -> None:
    config = AcceleratorConfig(lanes=8, formats=(name,))
    rng = np.random.default_rng(2)
    kept = 8 if name.endswith("s") else 16
    tile = random_tile(rng, config.weight_formats[0], rows, 64, kept)
    simulation = Simulation(Decoder(config))
    got = simulation.stream(
        {"tile": [tile.command], "beats": tile.beats}, {"slots": slots_of(tile)}
    )
    # beats of scales and patterns come on the same port here: they are what the chain waits for
    assert got["cycles"] <= max(slots_of(tile), len(tile.beats)) + 16
