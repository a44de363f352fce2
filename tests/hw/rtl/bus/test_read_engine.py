"""Beats of any run, from ports of any width, whatever the memory's latency."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from amaranth.lib import data
from tests.hw.rtl.bus.driver import Driver
from tests.hw.rtl.bus.memory import AxiMemory

from wingbeat.hw.rtl.bus.read_engine import REQUEST, ReadEngine, words_layout
from wingbeat.sim.rtl.harness import Simulation

WIDTHS = [64, 128, 256, 512]
MEMORY = np.random.default_rng(3).integers(0, 256, 0x10000, np.uint8)
Request = tuple[int, int]


@cache
def simulation(port_bits: int) -> Simulation:
    return Simulation(ReadEngine(port_bits))


def encode(request: Request) -> int:
    return int(REQUEST.const({"address": request[0], "beats": request[1]}).as_bits())


def decode(port_bits: int, payload: int) -> tuple[list[int], bool]:
    """Beats of a response, and whether it is the last of its request."""
    view = data.Const(words_layout(port_bits), payload)
    beats = [int(beat) for beat in view["data"]]
    return beats[: int(view["count"])], bool(view["last"])


def beat(index: int) -> int:
    return int.from_bytes(MEMORY[16 * index : 16 * index + 16].tobytes(), "little")


def read(
    port_bits: int, requests: list[Request], stall: float, latency: int, seed: int = 1
) -> tuple[int, AxiMemory]:
    """Read, compare, and return cycles and the memory."""
    sim = simulation(port_bits)
    memory = AxiMemory(sim, "bus", MEMORY, port_bits // 8, stall, latency, seed=seed)
    driver = Driver(sim, [memory], stall, seed)
    found: list[int] = []
    wanted = sum(count for _, count in requests)
    responses: list[tuple[list[int], bool]] = []

    def done() -> bool:
        responses.extend(decode(port_bits, payload) for payload in found[len(responses) :])
        return sum(len(beats) for beats, _ in responses) >= wanted

    cycles = driver.run({"request": [encode(r) for r in requests]}, {"response": found}, done)
    runs: list[list[int]] = [[]]
    for beats, last in responses:
        assert beats
        runs[-1] += beats
        if last:
            runs.append([])
    assert runs.pop() == []
    assert runs == [[beat(start + i) for i in range(count)] for start, count in requests]
    return cycles, memory


@pytest.mark.parametrize("port_bits", WIDTHS)
@pytest.mark.parametrize(("stall", "latency"), [(0.0, 1), (0.0, 30), (0.4, 5), (0.7, 60)])
def test_beats_come_in_order_request_by_request(port_bits: int, stall: float, latency: int) -> None:
    rng = np.random.default_rng(port_bits + latency)
    requests = [
        (int(rng.integers(0, 4000)), int(rng.choice([1, 2, 3, 5, 16, 17, 33, 90])))
        for _ in range(25)
    ]
    read(port_bits, requests, stall, latency)


@pytest.mark.parametrize("port_bits", WIDTHS)
def test_no_burst_crosses_a_page(port_bits: int) -> None:
    """Every distance to the boundary of 4 KiB with every length around it; the memory checks."""
    requests = [(256 - before, count) for before in range(6) for count in (1, 2, 3, 4, 5, 6, 9)]
    read(port_bits, requests, 0.0, 3)


@pytest.mark.parametrize("port_bits", WIDTHS)
def test_a_latency_of_100_cycles_costs_no_bandwidth(port_bits: int) -> None:
    words = 900
    cycles, memory = read(port_bits, [(64, words * port_bits // 128)], 0.0, 100)
    assert cycles < words + 125
    assert memory.refused == 0


@pytest.mark.parametrize("port_bits", WIDTHS)
def test_the_bus_never_waits_for_a_slow_consumer(port_bits: int) -> None:
    sim = simulation(port_bits)
    memory = AxiMemory(sim, "bus", MEMORY, port_bits // 8, 0.0, 2)
    driver = Driver(sim, [memory])
    sim.set("response__ready", 0)
    driver.run({"request": [encode((0, 1000))]}, {}, lambda: driver.cycle > 400)
    asked = sum(length for _, length in memory.reads)
    assert 112 <= asked <= 128  # the room there is, but for part of a burst
    assert memory.refused == 0


def test_an_error_response_is_told() -> None:
    sim = simulation(128)
    memory = AxiMemory(sim, "bus", MEMORY, 16, bad=range(0x200, 0x210))
    driver = Driver(sim, [memory])
    driver.high["error"] = 0
    found: list[int] = []
    driver.run({"request": [encode((0, 32))]}, {"response": found}, lambda: len(found) == 32)
    assert driver.high["error"] == 0
    driver.run({"request": [encode((30, 8))]}, {"response": found}, lambda: len(found) == 40)
    assert driver.high["error"] == 1
