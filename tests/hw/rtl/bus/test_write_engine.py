"""Beats with strobes to any port, merged, counted, answered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pytest
from tests.hw.rtl.bus.driver import Driver
from tests.hw.rtl.bus.memory import AxiMemory

from wingbeat.hw.rtl.bus.write_engine import WriteEngine
from wingbeat.hw.rtl.bus.write_word import beat_layout
from wingbeat.sim.rtl.harness import Simulation

MACHINES = [(64, 1), (64, 2), (128, 4), (256, 2), (512, 1)]
SIZE = 0x3000


@dataclass(frozen=True)
class Beat:
    address: int
    data: int
    strobes: int = 0xFFFF
    port: int = 0
    last: int = 0


@cache
def simulation(port_bits: int, ports: int) -> Simulation:
    return Simulation(WriteEngine(port_bits, ports))


def written(sim: Simulation, payloads: list[int]) -> bool:
    return not payloads and bool(sim.get("idle"))


def write(
    port_bits: int, ports: int, beats: list[Beat], stall: float = 0.3, latency: int = 10
) -> list[AxiMemory]:
    """Write until idle, and compare all memories."""
    rng = np.random.default_rng(4)
    sim = simulation(port_bits, ports)
    contents = rng.integers(0, 256, (ports, SIZE), np.uint8)
    wanted = contents.copy()
    for item in beats:
        for byte in range(16):
            if item.strobes >> byte & 1:
                wanted[item.port, 16 * item.address + byte] = item.data >> 8 * byte & 0xFF
    memories = [
        AxiMemory(sim, f"bus__{port}", contents[port], port_bits // 8, stall, latency, seed=port)
        for port in range(ports)
    ]
    driver = Driver(sim, memories, stall)
    layout = beat_layout(ports)
    payloads = [int(layout.const(vars(item)).as_bits()) for item in beats]
    driver.run({"beats": payloads}, {}, partial(written, sim, payloads))
    assert contents.tobytes() == wanted.tobytes()
    return memories


@pytest.mark.parametrize(("port_bits", "ports"), MACHINES)
@pytest.mark.parametrize(("stall", "latency"), [(0.0, 1), (0.3, 10), (0.6, 80)])
def test_any_beats_go_where_they_belong(
    port_bits: int, ports: int, stall: float, latency: int
) -> None:
    """Runs, gaps, the same beat again, and every port, with any strobes."""
    rng = np.random.default_rng(port_bits + latency)
    beats: list[Beat] = []
    address = 250
    for index in range(400):
        address += int(rng.choice([0, 1, 1, 1, 1, 2, 5]))
        if rng.random() < 0.05:
            address = int(rng.integers(0, SIZE // 16 - 60))
        if address >= SIZE // 16:
            address = 0
        strobes = 0xFFFF if rng.random() < 0.5 else int(rng.integers(1, 0x10000))
        port = int(rng.integers(ports)) if rng.random() < 0.1 or not beats else beats[-1].port
        last = int(rng.random() < 0.1 or index == 399)
        beats.append(Beat(address, int.from_bytes(rng.bytes(16), "little"), strobes, port, last))
    write(port_bits, ports, beats, stall, latency)


@pytest.mark.parametrize(("port_bits", "ports"), MACHINES)
def test_neighbours_share_a_burst(port_bits: int, ports: int) -> None:
    """No burst is longer than 16 words, none crosses a page (the memory checks)."""
    memories = write(
        port_bits, ports, [Beat(250 + i, i * 77, last=int(i == 99)) for i in range(100)]
    )
    words = -(-(100 * 128) // port_bits) + 1
    assert len(memories[0].writes) <= words // 16 + 2
    assert not any(memory.writes for memory in memories[1:])


def test_bytes_of_a_word_are_written_together() -> None:
    """As a column of the value cache is: pairs of bytes, one after the other."""
    beats = [Beat(8, 0x1234 << 16 * i, 3 << 2 * i, last=int(i == 7)) for i in range(8)]
    (memory,) = write(512, 1, beats)
    assert memory.writes == [(128, 1)]


def test_it_is_idle_only_when_every_write_is_answered() -> None:
    sim = simulation(128, 4)
    contents = np.zeros((4, SIZE), np.uint8)
    memories = [AxiMemory(sim, f"bus__{p}", contents[p], 16, 0.0, 50) for p in range(4)]
    driver = Driver(sim, memories, 0.0)
    layout = beat_layout(4)
    beat = {"port": 2, "address": 3, "data": 5, "strobes": 0xFFFF, "last": 1}
    payloads = [int(layout.const(beat).as_bits())]
    assert sim.get("idle")
    cycles = driver.run({"beats": payloads}, {}, partial(written, sim, payloads))
    assert cycles > 50
    assert contents[2, 48] == 5


def test_an_error_response_is_told() -> None:
    sim = simulation(128, 4)
    contents = np.zeros((4, SIZE), np.uint8)
    memories = [
        AxiMemory(sim, f"bus__{p}", contents[p], 16, bad=range(32, 48) if p == 1 else range(0))
        for p in range(4)
    ]
    driver = Driver(sim, memories)
    driver.high["error"] = 0
    layout = beat_layout(4)
    for port, errors in ((0, 0), (1, 1)):
        beat = {"port": port, "address": 2, "data": 5, "strobes": 0xFFFF, "last": 1}
        payloads = [int(layout.const(beat).as_bits())]
        driver.run({"beats": payloads}, {}, partial(written, sim, payloads))
        assert driver.high["error"] == errors
