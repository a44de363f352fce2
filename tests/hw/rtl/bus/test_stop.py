"""Stopped at any moment: the bus sees whole bursts, and what comes afterwards is right."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from amaranth.hdl import Module, ResetInserter
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from tests.hw.rtl.bus.test_pages import encode

from wingbeat.hw.rtl.bus.arbiter import ReadArbiter
from wingbeat.hw.rtl.bus.axi import Axi4Read
from wingbeat.hw.rtl.bus.read_engine import REQUEST, ReadEngine, words_layout
from wingbeat.hw.rtl.bus.write_engine import WriteEngine
from wingbeat.sim.rtl.harness import Simulation, SimulationError
from wingbeat.sim.rtl.memory import Answer, Fault, MemoryPort, Timing
from wingbeat.sim.rtl.prepared import Model, built

WIDTH = 128
SIZE = 1024
TIMINGS = [
    Timing(read_latency=30, write_latency=30, stall=0.1, pause=10),
    Timing(read_latency=3, write_latency=3, stall=0.5, outstanding=2),
    Timing(read_latency=200, write_latency=100, rate=0.3),
]


class Readers(wiring.Component):
    """Two read engines that share a port, and are in reset while it is stopped."""

    def __init__(self) -> None:
        super().__init__(
            {
                "request": In(stream.Signature(REQUEST)).array(2),
                "response": Out(stream.Signature(words_layout(WIDTH))).array(2),
                "bus": Out(Axi4Read(WIDTH, id_bits=1)),
                "stop": In(1),
                "quiet": Out(1),
                "error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.arbiter = arbiter = ReadArbiter(WIDTH, 2)
        wiring.connect(m, arbiter.bus, wiring.flipped(self.bus))
        m.d.comb += [arbiter.stop.eq(self.stop), self.quiet.eq(arbiter.quiet)]
        for index in range(2):
            engine = ReadEngine(WIDTH, 64)
            m.submodules[f"engine_{index}"] = ResetInserter(self.stop)(engine)
            wiring.connect(m, engine.bus, arbiter.users[index])
            wiring.connect(m, wiring.flipped(self.request[index]), engine.request)
            wiring.connect(m, engine.response, wiring.flipped(self.response[index]))
            with m.If(engine.error):
                m.d.comb += self.error.eq(1)
        return m


@cache
def readers() -> Model:
    return built(Readers(), "compile")


@cache
def writer() -> Model:
    return built(WriteEngine(WIDTH), "compile")


def interrupt(
    sim: Simulation, inputs: dict[str, list[int]], outputs: dict[str, int], when: int
) -> None:
    """Stream for so many cycles, then stop."""
    try:
        sim.stream(inputs, outputs, stall=0.1, limit=when)
    except SimulationError as error:
        assert "unfinished" in str(error)
    for name in inputs:
        sim.set(f"{name}__valid", 0)
    for name in outputs:
        sim.set(f"{name}__ready", 0)
    sim.set("stop", 1)


@pytest.mark.parametrize("timing", TIMINGS)
def test_reads_are_thrown_away(timing: Timing) -> None:
    rng = np.random.default_rng(1)
    memory = rng.integers(0, 1 << 62, (SIZE, 2), np.uint64)
    sim = Simulation(readers())
    port = MemoryPort({0: memory}, timing)
    sim.attach("bus", port)
    for _ in range(60):
        runs = [
            [(int(rng.integers(0, SIZE - 200)), int(rng.integers(1, 200))) for _ in range(6)]
            for _ in range(2)
        ]
        asked = {
            f"request__{u}": [start | length << 32 for start, length in part]
            for u, part in enumerate(runs)
        }
        beats = [np.concatenate([memory[s : s + n] for s, n in part]) for part in runs]
        wanted = {f"response__{u}": len(part) for u, part in enumerate(beats)}
        port.inject(Fault(Answer.SLVERR, after=int(rng.integers(0, 400)), count=1000))
        interrupt(sim, asked, wanted, int(rng.integers(1, 700)))
        for _ in range(5000):
            # nobody is told of what nobody asks for any more
            assert not sim.get("error")
            if sim.get("quiet"):
                break
            sim.step()
        moved = port.words_read
        assert sim.run({}, ["quiet"], 300)["quiet"].all()
        assert port.words_read == moved
        port.inject(None)
        sim.set("stop", 0)
        got = sim.stream(asked, wanted, stall=0.1, quiet=20)
        for u, part in enumerate(beats):
            np.testing.assert_array_equal(got[f"response__{u}"][:, :2], part)


@pytest.mark.parametrize("timing", TIMINGS)
def test_writes_are_completed(timing: Timing) -> None:
    rng = np.random.default_rng(2)
    memory = np.zeros((SIZE, 16), np.uint8)
    sim = Simulation(writer())
    port = MemoryPort({0: memory}, timing)
    sim.attach("bus__0", port)
    for _ in range(60):
        count = 300
        last = rng.random(count) < 0.05
        last[-1] = True
        address = (int(rng.integers(SIZE)) + np.cumsum(rng.random(count) < 0.9)) % SIZE
        data = rng.integers(0, 256, (count, 16), np.uint8)
        beats = encode(address, data, np.ones((count, 16), np.uint8), last)
        interrupt(sim, {"beats": beats}, {}, int(rng.integers(1, 600)))
        sim.run_until("idle", 10_000)
        moved = port.words_written
        out = sim.run({}, ["idle"], 300)
        assert out["idle"].all()
        assert port.words_written == moved
        sim.set("stop", 0)
        wanted = memory.copy()
        for where, value in zip(address, data, strict=True):
            wanted[where] = value
        sim.stream({"beats": beats}, {}, stall=0.1)
        sim.set("beats__valid", 0)
        sim.run_until("idle", 10_000)
        np.testing.assert_array_equal(memory, wanted)
