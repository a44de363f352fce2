"""What is asked for, against `TileLayout`."""

import itertools
import random
from typing import Literal

import pytest

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import takes_twins
from wingbeat.hw.isa.instructions import Multiply, Opcode
from wingbeat.hw.isa.operands import FormatField, TileRows
from wingbeat.hw.rtl.bus.read_engine import REQUEST
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.lane.commands import TILE
from wingbeat.hw.rtl.matrix.stream_reader import StreamReader
from wingbeat.hw.stream import TILE_ROWS, TileLayout
from wingbeat.sim.rtl.harness import Simulation


def packed(layout: object, **values: int) -> int:
    number = 0
    for name, field in layout:  # type: ignore[attr-defined]
        number |= values.get(name, 0) << field.offset
    return number


def fields(layout: object, number: int) -> dict[str, int]:
    return {
        name: number >> field.offset & (1 << field.width) - 1
        for name, field in layout  # type: ignore[attr-defined]
    }


@pytest.mark.parametrize(("ports", "bits"), [(1, 128), (2, 128), (1, 256)])
def test_tiles_are_asked_for_with_all_their_beats(ports: int, bits: Literal[128, 256]) -> None:
    rng = random.Random(ports)
    config = AcceleratorConfig(
        lanes=4, ports=ports, port_bits=bits,
        formats=("int4g32", "uint4g32", "int8g128", "int3g64", "int4g32s"),
    )  # fmt: skip
    sim = Simulation(StreamReader(config))
    for weights, rows in itertools.product(config.decoded_formats, TILE_ROWS):
        groups, tiles = rng.randrange(1, 40), rng.randrange(1, 4)
        layout = TileLayout(weights, rows, config.lanes, ports)
        stride = layout.tile_beats(groups) + 4 * rng.randrange(3)
        beats = stride if weights.sparse else layout.tile_beats(groups)
        address = rng.randrange(1 << 30)
        command = packed(
            resolved(Multiply),
            opcode=Opcode.MM.value, address=address, stride=stride, tiles=tiles, groups=groups,
            format=FormatField.of(weights).to_bits(), tile_rows=TileRows.of(rows).value, outer=1,
        )  # fmt: skip
        requests, announced = collect(sim, config, command, rng, tiles)
        first = address - address % config.word_beats  # ports read whole words
        wanted = [{"address": first + i * stride, "beats": beats} for i in range(tiles)]
        assert requests == [wanted] * ports
        for lane in announced:
            for tile in lane:
                assert (tile["groups"], tile["beats"]) == (groups, beats * ports // config.lanes)
                assert tile["tile_rows"] == TileRows.of(rows).value
                assert tile["format"] == FormatField.of(weights).to_bits()


def test_twins_are_announced_where_strands_are_enough() -> None:
    config = AcceleratorConfig(lanes=1, columns=2, formats=("int4g32", "int4g32s"))
    sim = Simulation(StreamReader(config))
    weights, rng = config.weight_formats[1], random.Random(2)
    for opcode, rows, strands in itertools.product((Opcode.MV, Opcode.MM), TILE_ROWS, range(4)):
        command = packed(
            resolved(Multiply),
            opcode=opcode.value, stride=100, tiles=1, groups=3, strands=strands, outer=1,
            format=FormatField.of(weights).to_bits(), tile_rows=TileRows.of(rows).value,
        )  # fmt: skip
        _, announced = collect(sim, config, command, rng, 1)
        enough = takes_twins(TileLayout(weights, rows, 1, 1), 4, strands, config)
        assert announced[0][0]["twins"] == (opcode is Opcode.MV and enough)


def test_a_multiplication_of_nothing_asks_for_nothing() -> None:
    config = AcceleratorConfig(lanes=4, ports=1, port_bits=512)
    sim = Simulation(StreamReader(config))
    for empty in ("tiles", "groups", "outer"):
        values = {"opcode": 3, "tiles": 2, "groups": 3, "outer": 1, "stride": 100} | {empty: 0}
        command = packed(
            resolved(Multiply), format=FormatField.of(config.weight_formats[0]).to_bits(), **values
        )
        requests, tiles = collect(sim, config, command, random.Random(1), 0)
        assert not any(requests)
        assert not any(tiles)


Found = list[list[dict[str, int]]]


def collect(
    sim: Simulation, config: AcceleratorConfig, command: int, rng: random.Random, tiles: int
) -> tuple[Found, Found]:
    """Offer a command, and take what comes of it, each port and lane at its own pace."""
    requests: Found = [[] for _ in range(config.ports)]
    announced: Found = [[] for _ in range(config.lanes)]
    sim.set("command__payload", command)
    sim.set("command__valid", 1)
    offered = True
    for _ in range(200):
        for name, layout, found in (("requests", REQUEST, requests), ("tiles", TILE, announced)):
            for index, taken in enumerate(found):
                ready = rng.randrange(2)
                sim.set(f"{name}__{index}__ready", ready)
                if ready and sim.get(f"{name}__{index}__valid"):
                    taken.append(fields(layout, sim.get(f"{name}__{index}__payload")))
        done = offered and sim.get("command__ready")
        sim.step()
        if done:
            offered = False
            sim.set("command__valid", 0)
    assert not offered
    assert all(len(found) == tiles for found in requests)
    assert all(len(found) == tiles for found in announced)
    return requests, announced
