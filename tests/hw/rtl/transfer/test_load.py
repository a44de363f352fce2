"""LD against the ISA machine: the whole vector memory, bit for bit."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.hw.rtl.bus.driver import Driver
from tests.hw.rtl.bus.memory import AxiMemory
from tests.hw.rtl.transfer.machine import GRANULES, MACHINES, Definition, Machine, config
from tests.hw.rtl.transfer.scratchpads import VectorWriter

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ErrorCode
from wingbeat.hw.formats import WeightFormat
from wingbeat.hw.isa.instructions import Element, Load, LoadKind, Opcode
from wingbeat.hw.isa.layouts import layout_of
from wingbeat.hw.isa.operands import (
    Address,
    Count,
    FormatField,
    SmallCount,
    TileRows,
    VectorView,
)
from wingbeat.hw.rtl.memory.vector_memory import VectorMemory
from wingbeat.hw.rtl.transfer.load import LoadUnit
from wingbeat.sim.rtl.harness import Simulation


@cache
def simulation(configuration: AcceleratorConfig) -> Simulation:
    return Simulation(LoadUnit(configuration))


def run(
    definition: Definition, loads: list[Load], stall: float = 0.3, latency: int = 5
) -> tuple[Driver, list[AxiMemory]]:
    """Run the same loads on both machines, and compare."""
    configuration = definition.config
    sim = simulation(configuration)
    words = definition.vectors.words.view(np.uint32).copy()
    memories = [
        AxiMemory(
            sim, f"bus__{port}", part, configuration.port_bits // 8, stall, latency, seed=port
        )
        for port, part in enumerate(definition.bytes)
    ]
    driver = Driver(sim, [*memories, VectorWriter(sim, words, stall)], stall)
    driver.high = {"done": 0, "fault": 0}
    payloads = [definition.resolve(load) for load in loads]
    count = len(loads)
    driver.run({"command": payloads}, {}, lambda: driver.high["done"] == count, 60_000)
    driver.run({}, {}, lambda: driver.cycle % 10 == 0)
    assert driver.high == {"done": count, "fault": 0}
    with np.errstate(invalid="ignore"):
        for load in loads:
            definition.unit.load(load, definition.registers)
    assert words.tobytes() == definition.vectors.words.tobytes()
    return driver, memories


def vector(address: int, rows: int, length: int, **fields: Any) -> Load:
    plain: dict[str, Any] = {"element": Element.F32, "stride": 0, "destination": VectorView(0)}
    return Load(
        Opcode.LD,
        address=Address(address),
        rows=SmallCount(rows),
        length=Count(length),
        **plain | fields,
    )


def random_vectors(rng: np.random.Generator, count: int) -> list[Load]:
    loads = []
    for _ in range(count):
        rows, length = int(rng.integers(0, 5)), int(rng.choice([0, 1, 3, 4, 5, 8, 15, 33, 70]))
        outer = -(-length // 16) + int(rng.integers(0, 2))
        base = int(rng.integers(0, GRANULES - rows * outer + 1))
        loads.append(
            vector(
                int(rng.integers(0, 0x1000)),
                rows,
                length,
                element=Element(int(rng.integers(2))),
                stride=int(rng.integers(0, 300)),
                destination=VectorView(base, outer=outer),
            )
        )
    return loads


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("stall", "latency"), [(0.0, 1), (0.3, 20)])
def test_rows_of_numbers(machine: Machine, stall: float, latency: int) -> None:
    """Memory holds garbage: subnormals, NaNs and halves of exponent 31 among it."""
    definition = Definition(config(*machine))
    definition.bytes.view(np.uint32)[:, ::7] &= 0x807FFFFF
    definition.bytes.view(np.uint32)[:, ::11] |= 0x7F800000
    run(definition, random_vectors(np.random.default_rng(latency), 30), stall, latency)


@pytest.mark.parametrize("machine", MACHINES)
def test_rows_about_a_page(machine: Machine) -> None:
    loads = [
        vector(256 - before, 1, length, element=element, destination=VectorView(before * 8))
        for before in range(5)
        for length in (4, 9, 30)
        for element in Element
    ]
    run(Definition(config(*machine)), loads, 0.0)


def test_registers_are_added() -> None:
    definition = Definition(config(4, 2, 256))
    definition.registers[3] = 5
    load = vector(0, 0, 2, element=Element.F32, destination=VectorView(7, 3, outer=1))
    fields = {"address": Address(9, 3), "rows": SmallCount(1, 3), "length": Count(2, 3)}
    run(definition, [Load(**{**vars(load), **fields})])


def gather(
    configuration: AcceleratorConfig,
    weights: WeightFormat,
    tile_rows: TileRows,
    rng: np.random.Generator,
    **fields: Any,
) -> Load:
    # whole scale groups; odd counts cut the last record short
    groups = weights.group // 32 * int(rng.choice([1, 3, 5]))
    layout = layout_of(FormatField.of(weights), tile_rows, configuration.lanes, configuration.ports)
    address = int(rng.integers(0, 64))
    last = (0x1500 - address) // layout.tile_beats(groups) * layout.tile_height - 1
    assert last > 0
    plain: dict[str, Any] = {
        "rows": SmallCount(3),
        "length": Count(32 * groups),
        "destination": VectorView(int(rng.integers(100)), outer=2 * groups),
        "list": Address(0x1700 * 4 + int(rng.integers(9))),
        "last": int(rng.integers(last // 2, last)),
    }
    return Load(
        Opcode.LD,
        kind=LoadKind.GATHER,
        address=Address(address),
        format=FormatField.of(weights),
        tile_rows=tile_rows,
        **plain | fields,
    )


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("seed", range(4))
def test_rows_of_a_matrix(machine: Machine, seed: int) -> None:
    """Every dense format, every tile height, records cut short, scales that are garbage."""
    configuration = config(*machine)
    rng = np.random.default_rng(seed)
    definition = Definition(configuration, seed)
    tile_rows = TileRows(seed)
    loads = [gather(configuration, f, tile_rows, rng) for f in configuration.weight_formats]
    highest = min(load.last for load in loads) + 50
    definition.memory.words(0x1700 * 4, 40).view(np.int32)[:] = rng.integers(-10, highest, 40)
    definition.memory.words(0x1700 * 4, 2).view(np.int32)[:] = [0x7FFFFFFF, -0x80000000]
    run(definition, loads, *[(0.0, 1), (0.3, 30)][seed % 2])


def test_nothing_to_gather() -> None:
    configuration = config(4, 2, 256)
    rng = np.random.default_rng(1)
    weights = configuration.weight_formats[0]
    none: list[dict[str, Any]] = [{"rows": SmallCount(0)}, {"length": Count(0)}]
    loads = [gather(configuration, weights, TileRows.R4, rng, **fields) for fields in none]
    _, memories = run(Definition(configuration), loads)
    assert not any(memory.reads for memory in memories)


def test_rows_are_asked_for_ahead() -> None:
    """32 beats of 8 rows: one latency, not eight."""
    definition = Definition(config(4, 2, 256))
    load = vector(0, 8, 16, stride=40, destination=VectorView(0, outer=1))
    driver, _ = run(definition, [load], 0.0, 50)
    assert driver.cycle < 50 + 32 + 50


@pytest.mark.parametrize("seed", range(3))
def test_a_command_is_done_when_readers_see_its_last_write(seed: int) -> None:
    definition = Definition(config(4, 2, 256))
    sim = simulation(definition.config)
    memories = [AxiMemory(sim, f"bus__{p}", definition.bytes[p], 32) for p in range(2)]
    words = definition.vectors.words.view(np.uint32).copy()
    driver = Driver(sim, [*memories, VectorWriter(sim, words, 0.5)], seed=seed)
    written = [0]

    def finished() -> bool:
        if sim.get("write__valid") and sim.get("write__ready"):
            written[0] = driver.cycle
        return bool(sim.get("done"))

    driver.run({"command": [definition.resolve(vector(3, 2, 21))]}, {}, finished)
    # a read that is accepted in the cycle behind `done`, at the earliest
    assert driver.cycle - written[0] >= VectorMemory.WRITE_LATENCY


def test_an_error_response_fails_the_command_it_is_for() -> None:
    definition = Definition(config(4, 2, 256))
    sim = simulation(definition.config)
    memories: list[Any] = [AxiMemory(sim, f"bus__{p}", definition.bytes[p], 32) for p in range(2)]
    memories[0].bad = range(0x800, 0x820)
    words = definition.vectors.words.view(np.uint32).copy()
    driver = Driver(sim, [*memories, VectorWriter(sim, words, 0.2)])
    loads = [vector(0x70, 1, 8), vector(0x70, 1, 80), vector(0x90, 1, 8)]
    payloads = [definition.resolve(load) for load in loads]
    faults: list[int] = []

    def finished() -> bool:
        if sim.get("done"):
            faults.append(sim.get("fault"))
        return len(faults) == 3

    driver.run({"command": payloads}, {}, finished)
    assert faults == [0, ErrorCode.MEMORY_BUS.value, 0]
