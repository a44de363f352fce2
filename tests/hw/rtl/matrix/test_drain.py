"""Results on their way from the lanes to the vector memory: every word at its place."""

from typing import Any, Literal

import numpy as np
import pytest

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.operands import GRANULE, TileRows
from wingbeat.hw.rtl.lane.commands import QUAD
from wingbeat.hw.rtl.matrix.drain import RESULTS, Drain
from wingbeat.sim.rtl.harness import Simulation

WORDS = QUAD.length
LIMIT = 5000


def configuration(lanes: int, columns: int, vector_lanes: Literal[4, 8, 16]) -> AcceleratorConfig:
    return AcceleratorConfig(
        lanes=lanes, columns=columns, vector_lanes=vector_lanes, vector_memory_kib=16,
        operand_memory_kib=8, tokens=8,
    )  # fmt: skip


@pytest.fixture(scope="module", params=[(4, 2, 16), (4, 1, 8), (1, 1, 4)])
def machine(request: pytest.FixtureRequest) -> tuple[AcceleratorConfig, Simulation]:
    config = configuration(*request.param)
    return config, Simulation(Drain(config))


class Lanes:
    """What the lanes hand out: vector v of tile t and row r of the tile has a number of its own."""

    def __init__(self, config: AcceleratorConfig, rows: int, tiles: int, vectors: int) -> None:
        self.queues: list[list[int]] = []
        for lane in range(config.lanes):
            for column in range(config.columns):
                mine = [v for v in range(vectors) if v // 2 % config.columns == column]
                quads = [
                    [self.word(t, v, lane * rows + row + i) for i in range(WORDS)]
                    for t in range(tiles) for v in mine for row in range(0, rows, WORDS)
                ]  # fmt: skip
                self.queues.append([sum(w << 32 * i for i, w in enumerate(q)) for q in quads])

    @staticmethod
    def word(tile: int, vector: int, row: int) -> int:
        return 1 + row + (vector << 10) + (tile << 20)


def drained(
    config: AcceleratorConfig,
    simulation: Simulation,
    command: dict[str, int],
    lanes: Lanes,
    rate: float,
) -> tuple[dict[int, int], int]:
    """Return every word that was written, by address, and the cycles it took."""
    rng = np.random.default_rng(len(lanes.queues[0]))
    simulation.reset()
    simulation.set("results__payload", RESULTS.const(command).as_bits())
    simulation.set("results__valid", 1)
    memory: dict[int, int] = {}
    for cycle in range(LIMIT):
        for index, queue in enumerate(lanes.queues):
            offers = bool(queue) and (rate == 1 or bool(rng.random() < rate))
            simulation.set(f"quads__{index}__valid", int(offers))
            simulation.set(f"quads__{index}__payload", queue[0] if queue else 0)
        simulation.set("write__ready", int(rate == 1 or rng.random() < rate))
        taken = simulation.get("results__ready")
        for index, queue in enumerate(lanes.queues):
            if simulation.get(f"quads__{index}__ready") and queue:
                queue.pop(0)
        if simulation.get("write__valid") and simulation.get("write__ready"):
            first = simulation.get("write__quad") * WORDS
            words, enable = simulation.get("write__words"), simulation.get("write__enable")
            for place in range(config.vector_lanes):
                if enable >> place & 1:
                    assert first + place not in memory
                    memory[first + place] = words >> 32 * place & 0xFFFFFFFF
        done = simulation.get("done")
        simulation.step()
        if taken:
            simulation.set("results__valid", 0)
        if done:
            return memory, cycle
    raise AssertionError("the drain must be done")


@pytest.mark.parametrize("rows", TileRows)
@pytest.mark.parametrize(("outer", "inner"), [(1, 1), (1, 3), (2, 3)])
def test_every_word_goes_to_its_place(
    machine: tuple[AcceleratorConfig, Simulation], rows: TileRows, outer: int, inner: int
) -> None:
    config, simulation = machine
    height, tiles = rows.rows * config.lanes, 2
    pitch = 2 * 4 * 16 * config.lanes // GRANULE
    command: dict[str, Any] = {
        "base": 3, "outer_stride": inner * pitch, "inner_stride": pitch, "outer": outer,
        "inner": inner, "tiles": tiles, "tile_rows": rows.value,
    }  # fmt: skip
    wanted = {
        GRANULE * (3 + v * pitch) + t * height + row: Lanes.word(t, v, row)
        for t in range(tiles) for v in range(outer * inner) for row in range(height)
    }  # fmt: skip
    for rate in (1, 0.5):
        lanes = Lanes(config, rows.rows, tiles, outer * inner)
        found, cycles = drained(config, simulation, command, lanes, rate)
        assert found == wanted
        quads = len(wanted) // WORDS
        if rate == 1 and rows is TileRows.R4 and config.lanes == 4:
            quads = quads * WORDS // min(16, config.vector_lanes)
        assert rate < 1 or cycles <= quads + 8
