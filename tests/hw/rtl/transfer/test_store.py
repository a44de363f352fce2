"""ST against the ISA machine: the whole memory of every port, byte for byte."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.hw.rtl.bus.driver import Driver
from tests.hw.rtl.bus.memory import AxiMemory
from tests.hw.rtl.transfer.machine import GRANULES, MACHINES, Definition, Machine, config
from tests.hw.rtl.transfer.scratchpads import Reader, entries, steps
from tests.hw.rtl.transfer.writing_store import WritingStore

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ErrorCode
from wingbeat.hw.formats import KEY_CACHE, VALUE_CACHE, CodedMatrix
from wingbeat.hw.isa.instructions import Opcode, Store, StoreKind
from wingbeat.hw.isa.operands import Address, Count, OperandView, SmallCount, TileRows, VectorView
from wingbeat.hw.rtl.memory.ports import ENTRY
from wingbeat.hw.stream import TileLayout
from wingbeat.sim.rtl.harness import Simulation


@cache
def simulation(configuration: AcceleratorConfig) -> Simulation:
    return Simulation(WritingStore(configuration))


def start(
    definition: Definition, contents: Any, stall: float, latency: int, source_stall: float
) -> tuple[Driver, list[AxiMemory]]:
    """A unit in simulation, with memories that hold `contents`."""
    configuration = definition.config
    sim = simulation(configuration)
    width = configuration.port_bits // 8
    memories = [
        AxiMemory(sim, f"writes__{port}", part, width, stall, latency, seed=port)
        for port, part in enumerate(contents)
    ]
    memories.append(AxiMemory(sim, "reads", contents[0], width, stall, latency, seed=99))
    lanes = configuration.vector_lanes
    readers = [
        Reader(sim, "vector", steps(definition.vectors, lanes), 32 * lanes, source_stall),
        Reader(sim, "operand", entries(definition.operands), ENTRY.size, source_stall),
    ]
    driver = Driver(sim, [*memories, *readers], stall)
    driver.high = {"done": 0, "fault": 0, "waiting": 0}
    return driver, memories


def run(
    definition: Definition,
    stores: list[Store],
    stall: float = 0.3,
    latency: int = 5,
    source_stall: float | None = None,
) -> tuple[Driver, list[AxiMemory]]:
    """Run the same stores on both machines, and compare."""
    contents = definition.bytes.copy()
    driver, memories = start(
        definition, contents, stall, latency, stall if source_stall is None else source_stall
    )
    payloads = [definition.resolve(store) for store in stores]
    count = len(stores)
    driver.run({"command": payloads}, {}, lambda: driver.high["done"] == count, 100_000)
    for store in stores:
        definition.unit.store(store, definition.registers)
    # every write has been made by now: nothing may follow
    assert contents.tobytes() == definition.bytes.tobytes()
    driver.run({}, {}, lambda: driver.cycle % 50 == 0)
    assert driver.high == {"done": count, "fault": 0, "waiting": 0}
    assert contents.tobytes() == definition.bytes.tobytes()
    return driver, memories


def store(kind: StoreKind, **fields: Any) -> Store:
    return Store(Opcode.ST, kind=kind, **fields)


# ---- rows ---------------------------------------------------------------------------------


def vectors(rng: np.random.Generator, count: int) -> list[Store]:
    found = []
    for _ in range(count):
        rows, length = int(rng.integers(0, 5)), int(rng.choice([0, 1, 3, 4, 5, 8, 15, 33, 70]))
        outer = -(-length // 16) + int(rng.integers(0, 2))
        found.append(
            store(
                StoreKind.VECTOR,
                address=Address(int(rng.integers(0, 0x1000))),
                stride=int(rng.integers(0, 300)),
                rows=SmallCount(rows),
                length=Count(length),
                vector=VectorView(
                    int(rng.integers(0, GRANULES - rows * outer + 1)),
                    outer=outer,
                    scalar=int(rng.random() < 0.1),
                ),
            )
        )
    return found


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("stall", "latency"), [(0.0, 1), (0.3, 20)])
def test_rows_of_words(machine: Machine, stall: float, latency: int) -> None:
    rng = np.random.default_rng(latency)
    run(Definition(config(*machine)), vectors(rng, 30), stall, latency)


@pytest.mark.parametrize("machine", MACHINES)
def test_rows_about_a_page(machine: Machine) -> None:
    stores = [
        store(
            StoreKind.VECTOR,
            address=Address(256 - before),
            rows=SmallCount(1),
            length=Count(length),
            vector=VectorView(before * 8),
        )
        for before in range(5)
        for length in (1, 4, 9, 30)
    ]
    run(Definition(config(*machine)), stores, 0.0)


def test_a_long_row_goes_out_a_beat_a_cycle() -> None:
    definition = Definition(config(4, 2, 256, 16))
    row = store(StoreKind.VECTOR, rows=SmallCount(1), length=Count(1024), vector=VectorView(0))
    driver, memories = run(definition, [row], 0.0, 20)
    assert driver.cycle < 256 + 50 + 50
    assert len(memories[0].writes) == 1024 * 4 // 32 // 16


# ---- caches -------------------------------------------------------------------------------


def operands(definition: Definition, rng: np.random.Generator) -> None:
    """Scales from nothing to infinity, codes of any value."""
    view = definition.operands.view(OperandView(0), definition.registers, 1, 1, 256)
    view.codes[...] = rng.integers(-127, 128, view.codes.shape)
    scales = np.exp2(rng.uniform(-30, 20, view.scales.shape)).astype(np.float32)
    scales[..., ::17], scales[..., ::19], scales[..., ::23] = 0, np.inf, np.nan
    view.scales[...] = scales


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("tile_rows", TileRows)
def test_keys(machine: Machine, tile_rows: TileRows) -> None:
    definition = Definition(config(*machine))
    rng = np.random.default_rng(tile_rows.value)
    operands(definition, rng)
    stores = []
    # tiles of 12 rows hold pairs of groups; a last single one is the packer's to define (below)
    sizes = [2, 2, 4, 6, 0, 2] if tile_rows is TileRows.R12 else [1, 2, 3, 5, 0, 1]
    for number, (groups, rows) in enumerate(zip(sizes, [1, 9, 2, 3, 1, 0], strict=True)):
        layout = TileLayout(KEY_CACHE, tile_rows.rows, *machine[:2])
        room = 0x1500 // layout.tile_beats(max(groups, 1)) * layout.tile_height
        definition.registers[number + 1] = int(rng.integers(0, min(room - rows, 3000)))
        stores.append(
            store(
                StoreKind.KEYS,
                address=Address(int(rng.integers(200))),
                rows=SmallCount(rows),
                length=Count(32 * groups),
                operand=OperandView(int(rng.integers(50)), outer=int(rng.integers(10))),
                tile_rows=tile_rows,
                position=number + 1,
            )
        )
    run(definition, stores, *[(0.0, 1), (0.3, 20)][tile_rows.value % 2])


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("tile_rows", TileRows)
def test_keys_lie_where_the_packer_puts_rows(machine: Machine, tile_rows: TileRows) -> None:
    """And so where a multiplication reads them: here with a record that is cut short."""
    definition = Definition(config(*machine))
    positions, groups = 11, 3
    rng = np.random.default_rng(3)
    view = definition.operands.view(
        OperandView(5, outer=groups), definition.registers, positions, 1, groups
    )
    view.codes[...] = rng.integers(-127, 128, view.codes.shape)
    view.scales[...] = rng.random(view.scales.shape).astype(np.float16)
    contents = np.zeros_like(definition.bytes)
    driver, _ = start(definition, contents, 0.2, 10, 0.2)
    keys = store(
        StoreKind.KEYS,
        rows=SmallCount(positions),
        length=Count(32 * groups),
        operand=OperandView(5, outer=groups),
        tile_rows=tile_rows,
    )
    payloads = [definition.resolve(keys)]
    driver.run({"command": payloads}, {}, lambda: driver.high["done"] == 1)
    layout = TileLayout(KEY_CACHE, tile_rows.rows, *machine[:2])
    halves = view.scales[:, 0].astype(np.float16).view(np.uint16)
    matrix = CodedMatrix(KEY_CACHE, view.codes.reshape(positions, -1), halves)
    packed = layout.pack(matrix)
    wanted = np.zeros_like(contents)
    wanted[:, : packed.shape[1]] = packed
    assert contents.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("tile_rows", TileRows)
def test_values(machine: Machine, tile_rows: TileRows) -> None:
    definition = Definition(config(*machine))
    rng = np.random.default_rng(tile_rows.value)
    operands(definition, rng)
    stores = []
    for number, (groups, rows) in enumerate([(1, 1), (2, 9), (3, 2), (2, 20), (0, 1), (1, 0)]):
        layout = TileLayout(VALUE_CACHE, tile_rows.rows, *machine[:2])
        blocks = int(rng.integers(2, 6))
        definition.registers[number + 1] = int(rng.integers(0, 32 * blocks - rows + 1))
        stores.append(
            store(
                StoreKind.VALUES,
                address=Address(int(rng.integers(200))),
                stride=layout.tile_beats(blocks) + int(rng.integers(5)),
                rows=SmallCount(rows),
                length=Count(32 * groups),
                operand=OperandView(int(rng.integers(50)), outer=int(rng.integers(10))),
                tile_rows=tile_rows,
                list=Address(0x1700 + int(rng.integers(20))),
                position=number + 1,
            )
        )
    run(definition, stores, *[(0.0, 1), (0.3, 20)][tile_rows.value % 2])


def test_values_take_a_cycle_a_pair_and_share_beats() -> None:
    definition = Definition(config(4, 2, 256))
    positions, length = 16, 64
    values = store(
        StoreKind.VALUES,
        rows=SmallCount(positions),
        stride=400,
        length=Count(length),
        operand=OperandView(0, outer=2),
        tile_rows=TileRows.R16,
        list=Address(0x1700),
    )
    driver, memories = run(definition, [values], 0.0, 20)
    assert driver.cycle < positions * (length // 2 + 1) + 50 + 50
    beats = sum(length for memory in memories for _, length in memory.writes)
    assert beats == positions // 8 * length // 2 + 1


def test_a_slow_memory_holds_the_sources_up() -> None:
    """More than the write engine stores, from both on-chip memories."""
    definition = Definition(config(4, 2, 256))
    operands(definition, np.random.default_rng(1))
    values = store(
        StoreKind.VALUES,
        rows=SmallCount(5),
        stride=400,
        length=Count(96),
        operand=OperandView(0, outer=3),
        tile_rows=TileRows.R4,
        list=Address(0x1700),
    )
    row = store(StoreKind.VECTOR, address=Address(0x1000), rows=SmallCount(1), length=Count(1500))
    run(definition, [row, values], 0.85, 20, source_stall=0.0)


# ---- words --------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES)
def test_words(machine: Machine) -> None:
    definition = Definition(config(*machine))
    definition.registers[3] = 0xFEDCBA98
    stores = [store(StoreKind.WORD, list=Address(0x800 + word), position=3) for word in range(9)]
    run(definition, stores)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("head", "tails", "waits"), [
    (4, [0], 0), (5, [0, 0, 1], 2), (2, [0xFFFFFFFE], 0), (3, [0xFFFFFFFE, 0xFFFFFFFF], 1),
    (0, [1, 0], 1),
])  # fmt: skip
@pytest.mark.parametrize("word", [0, 3])
def test_a_full_ring_is_waited_for(
    machine: Machine, head: int, tails: list[int], waits: int, word: int
) -> None:
    """The host takes entries while the tail is read again and again."""
    definition = Definition(config(*machine))
    definition.registers[9] = head
    contents = definition.bytes.copy()
    driver, memories = start(definition, contents, 0.2, 10, 0.2)
    words = contents[0].view(np.uint32)
    words[400 + word + 1] = tails[0]
    publish = store(StoreKind.PUBLISH, list=Address(400 + word), position=9, length=Count(4))
    before = int(words[400 + word])
    payloads = [definition.resolve(publish)]
    for tail in tails[1:]:
        looks, cycle = len(memories[-1].reads), driver.cycle

        def looked(looks: int = looks, cycle: int = cycle) -> bool:
            return len(memories[-1].reads) > looks and driver.cycle > cycle + 60

        driver.run({"command": payloads}, {}, looked, 2000)
        assert driver.sim.get("waiting")
        assert words[400 + word] == before
        words[400 + word + 1] = tail
    driver.run({"command": payloads}, {}, lambda: driver.high["done"] == 1)
    assert words[400 + word] == head
    assert len(memories[-1].reads) >= waits + 1
    assert not driver.sim.get("waiting")


def test_an_error_response_fails_the_command_it_is_for() -> None:
    definition = Definition(config(4, 2, 256))
    contents = definition.bytes.copy()
    driver, memories = start(definition, contents, 0.2, 10, 0.2)
    memories[0].bad = range(0x800, 0x820)
    stores = [store(StoreKind.WORD, list=Address(0x200 + word)) for word in (9, 1, 12)]
    faults: list[int] = []

    def finished() -> bool:
        if driver.sim.get("done"):
            faults.append(driver.sim.get("fault"))
        return len(faults) == 3

    driver.run({"command": [definition.resolve(s) for s in stores]}, {}, finished)
    assert faults == [0, ErrorCode.MEMORY_BUS.value, 0]
