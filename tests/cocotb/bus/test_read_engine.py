"""The read engine against cocotbext-axi's memory: every run around a page, any backpressure."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import cocotb
import pytest
from amaranth.lib import data
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import AxiReadBus, AxiResp
from tests.cocotb import pauses
from tests.cocotb.axi_monitor import AxiMonitor
from tests.cocotb.bench import reset, start
from tests.cocotb.memory import ReadMemory
from tests.cocotb.simulation import verify
from tests.cocotb.streams import StreamBus, StreamSink, StreamSource, Transfer

from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.rtl.bus.axi import PAGE_BYTES
from wingbeat.hw.rtl.bus.read_engine import REQUEST, ReadEngine, words_layout

CONTENTS = random.Random(3).randbytes(0x10000)
PAGE_BEATS = PAGE_BYTES // BEAT_BYTES


@pytest.mark.parametrize("port_bits", [64, 128, 512])
def test_read_engine(port_bits: int, tmp_path: Path) -> None:
    verify(ReadEngine(port_bits), __name__, tmp_path)


class Bench:
    """An engine between a source of requests, a sink of responses, and a memory."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.width = len(dut.bus_rdata)
        self.requests = StreamSource(StreamBus.from_prefix(dut, "request"), dut.clk, dut.rst)
        self.responses = StreamSink(StreamBus.from_prefix(dut, "response"), dut.clk, dut.rst)
        bus = AxiReadBus.from_prefix(dut, "bus")
        self.memory = ReadMemory(bus, dut.clk, dut.rst, size=len(CONTENTS))
        self.memory.write(0, CONTENTS)
        self.rules = AxiMonitor(dut, "bus").rules
        self.errors = 0
        cocotb.start_soon(self._count_errors())

    def pause(self, pattern: pauses.Pauses) -> None:
        """Pause every channel, each by itself."""
        self.memory.pause(pattern, seed=1)
        self.requests.set_pause_generator(pattern(3))
        self.responses.set_pause_generator(pattern(4))

    async def ask(self, first: int, beats: int) -> None:
        """Ask for a run of beats."""
        payload = int(REQUEST.const({"address": first, "beats": beats}).as_bits())
        await self.requests.send(Transfer(payload=payload))

    async def take(self) -> bytes:
        """Return the run that comes next."""
        run = bytearray()
        while True:
            transfer = await with_timeout(self.responses.recv(), 100, "us")
            response = data.Const(words_layout(self.width), int(transfer.payload))
            beats = [int(beat) for beat in response["data"]][: int(response["count"])]
            run += b"".join(beat.to_bytes(BEAT_BYTES, "little") for beat in beats)
            if response["last"]:
                return bytes(run)

    async def check(self, runs: list[tuple[int, int]]) -> None:
        """Read runs and compare them."""
        for run in runs:
            await self.ask(*run)
        for first, beats in runs:
            wanted = CONTENTS[first * BEAT_BYTES :][: beats * BEAT_BYTES]
            assert await self.take() == wanted, f"{beats} beats from {first}"

    async def _count_errors(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            self.errors += int(self.dut.error.value)


@cocotb.test()
@cocotb.parametrize(pattern=pauses.ALL)
async def every_run_around_a_page(dut: Any, pattern: pauses.Pauses) -> None:
    """Every distance to the boundary with every length: the monitor sees that none crosses it."""
    bench = Bench(dut)
    bench.pause(pattern)
    await start(dut)
    around = range(PAGE_BEATS - 9, PAGE_BEATS + 2)
    await bench.check([(first, beats) for first in around for beats in range(1, 18)])
    bench.rules.finish()


@cocotb.test()
@cocotb.parametrize(pattern=pauses.ALL)
async def long_runs(dut: Any, pattern: pauses.Pauses) -> None:
    """Longer than the engine's memory of words, over several pages."""
    bench = Bench(dut)
    bench.pause(pattern)
    await start(dut)
    await bench.check([(PAGE_BEATS - 3, 700), (0, 1), (5, 300), (2 * PAGE_BEATS - 1, 2)])
    bench.rules.finish()


@cocotb.test()
@cocotb.parametrize(response=[AxiResp.SLVERR, AxiResp.DECERR])
async def an_error_is_told_and_forgotten(dut: Any, response: AxiResp) -> None:
    """One pulse for each word that came with it; its run ends as any other, later ones as well."""
    bench = Bench(dut)
    await start(dut)
    bad = range(PAGE_BYTES, PAGE_BYTES + 64)
    bench.memory.faults.addresses = bad
    bench.memory.faults.response = response
    await bench.ask(PAGE_BEATS - 8, 24)
    assert len(await bench.take()) == 24 * BEAT_BYTES
    assert bench.errors == len(bad) * 8 // bench.width
    await bench.check([(0, 40)])
    assert bench.errors == len(bad) * 8 // bench.width
    bench.rules.finish()


@cocotb.test()
@cocotb.parametrize(cycles=[3, 10, 30, 75])
async def a_reset_in_mid_burst(dut: Any, cycles: int) -> None:
    """Nothing of the run before comes after it."""
    bench = Bench(dut)
    await start(dut)
    await bench.ask(PAGE_BEATS - 3, 500)
    await ClockCycles(dut.clk, cycles)
    await reset(dut)
    bench.responses.clear()
    await bench.check([(17, 90), (PAGE_BEATS - 1, 2)])
    bench.rules.finish()
