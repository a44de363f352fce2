"""The splitter against the sections of `TileLayout`."""

from __future__ import annotations

import numpy as np
import pytest
from tests.hw.rtl.lane.streams import Tile, random_tile

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import WeightFormat
from wingbeat.hw.rtl.lane.commands import tile_info
from wingbeat.hw.rtl.lane.sections import Shape, shapes
from wingbeat.hw.rtl.lane.splitter import Splitter
from wingbeat.sim.rtl.harness import Simulation

CONFIG = AcceleratorConfig(
    lanes=8, formats=("int4g32", "uint4g64", "int3g128", "int4g32s", "uint3g64s", "int8g32s")
)


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return Simulation(Splitter(CONFIG))


def expected(tile: Tile) -> dict[str, list[np.ndarray]]:
    """Cut a tile by the layout's own records."""
    parts: dict[str, list[np.ndarray]] = {"scales": [], "patterns": [], "codes": []}
    raw = tile.body.view(np.uint8).reshape(-1)
    for run in tile.layout._records(tile.groups, tile.kept):
        for start in range(run.start, run.stop, run.section.beats * 16):
            record = raw[start : start + run.section.beats * 16]
            section = run.section
            for name, at, size in (
                ("scales", 0, section.scales),
                ("patterns", run.masks_at, section.masks),
                ("codes", run.codes_at, section.codes),
            ):
                parts[name].append(record[at : at + size])
    return parts


def tiles(rng: np.random.Generator) -> list[Tile]:
    made = []
    for shape in shapes(CONFIG) * 4:
        unit = shape.format.group // 32
        made.append(
            random_tile(
                rng,
                shape.format,
                int(rng.choice([4, 8, 12, 16])),
                unit * int(rng.integers(1, 14)),
                shape.kept,
                surplus=int(rng.integers(0, 3)),
            )
        )
    rng.shuffle(made)
    return made


@pytest.mark.parametrize("stall", [0.0, 0.3])
def test_every_beat_goes_where_it_belongs(simulation: Simulation, stall: float) -> None:
    rng = np.random.default_rng(int(stall * 10))
    sent = tiles(rng)
    wanted: dict[str, list[np.ndarray]] = {"scales": [], "patterns": [], "codes": []}
    for tile in sent:
        for name, parts in expected(tile).items():
            wanted[name] += parts
    flat = {name: np.concatenate(parts) for name, parts in wanted.items()}
    beats = {name: sum(-(-len(p) // 16) for p in parts) for name, parts in wanted.items()}
    simulation.reset()
    got = simulation.stream(
        {"tile": [t.command for t in sent], "beats": np.concatenate([t.beats for t in sent])},
        beats | {"info": len(sent)},
        stall=stall,
        quiet=4,
    )
    for name, data in flat.items():
        rows = np.ascontiguousarray(got[name]).view(np.uint8)
        sections = [row[: row[16]] for row in rows]
        np.testing.assert_array_equal(np.concatenate(sections), data, err_msg=name)
    layout = tile_info(CONFIG)
    for tile, word in zip(sent, got["info"], strict=True):
        info = layout.from_bits(int(word))
        assert shapes(CONFIG)[info.kind] == Shape(tile.layout.format, tile.kept)
        assert (info.tile_rows.rows, info.groups) == (tile.layout.rows, tile.groups)
        assert 1 << info.log_span == tile.layout.span(tile.kept)
    if not stall:
        total = sum(len(t.beats) for t in sent)
        assert got["cycles"] - 4 <= total + len(sent) * 2


@pytest.mark.parametrize(("header", "beats"), [(5, 40), (0, 3), (16, 7)])
def test_an_impossible_tile_is_a_fault(simulation: Simulation, header: int, beats: int) -> None:
    rng = np.random.default_rng(1)
    tile = random_tile(rng, WeightFormat.parse("int4g32s"), 8, 4, 8)
    tile.beats = np.resize(tile.beats, (beats, 2))
    tile.beats[0, 0] = header
    simulation.reset()
    for name in ("codes", "scales", "patterns", "info"):
        simulation.set(f"{name}__ready", 1)
    simulation.set("tile__payload", tile.command)
    simulation.set("tile__valid", 1)
    simulation.set("beats__payload", header)
    simulation.set("beats__valid", 1)
    simulation.step()
    simulation.set("tile__valid", 0)
    assert simulation.run_until("fault", beats + 2) <= beats + 2
