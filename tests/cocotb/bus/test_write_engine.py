"""The write engine against cocotbext-axi's memory: every run around a page, any backpressure."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiResp, AxiWriteBus
from tests.cocotb import pauses
from tests.cocotb.axi_monitor import AxiMonitor
from tests.cocotb.bench import reset, start, until
from tests.cocotb.memory import WriteMemory
from tests.cocotb.simulation import verify
from tests.cocotb.streams import StreamBus, StreamSource, Transfer

from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.rtl.bus.axi import PAGE_BYTES
from wingbeat.hw.rtl.bus.read_engine import BURST_WORDS
from wingbeat.hw.rtl.bus.write_engine import WriteEngine
from wingbeat.hw.rtl.bus.write_word import beat_layout

SIZE = 3 * PAGE_BYTES
PAGE_BEATS = PAGE_BYTES // BEAT_BYTES
BEAT = beat_layout(1)


@pytest.mark.parametrize("port_bits", [64, 128, 512])
def test_write_engine(port_bits: int, tmp_path: Path) -> None:
    verify(WriteEngine(port_bits), __name__, tmp_path)


class Bench:
    """An engine between a source of beats and a memory, and what the memory should hold."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.beats = StreamSource(StreamBus.from_prefix(dut, "beats"), dut.clk, dut.rst)
        bus = AxiWriteBus.from_prefix(dut, "bus_0")
        self.memory = WriteMemory(bus, dut.clk, dut.rst, size=SIZE)
        self.wanted = bytearray(random.Random(5).randbytes(SIZE))
        self.memory.write(0, bytes(self.wanted))
        self.rules = AxiMonitor(dut, "bus_0").rules
        self.errors = 0
        self.word_bytes = len(dut.bus_0_wdata) // 8
        self._rng = random.Random(6)
        cocotb.start_soon(self._count_errors())

    def pause(self, pattern: pauses.Pauses) -> None:
        """Pause every channel, each by itself."""
        self.memory.pause(pattern, seed=1)
        self.beats.set_pause_generator(pattern(4))

    async def send(self, address: int, strobes: int = 0xFFFF, last: bool = False) -> None:
        """Send a beat of random bytes."""
        value = self._rng.randbytes(BEAT_BYTES)
        beat = {
            "port": 0, "address": address, "data": int.from_bytes(value, "little"),
            "strobes": strobes, "last": last,
        }  # fmt: skip
        await self.beats.send(Transfer(payload=int(BEAT.const(beat).as_bits())))
        for byte in range(BEAT_BYTES):
            if strobes >> byte & 1:
                self.wanted[address * BEAT_BYTES + byte] = value[byte]

    async def run(self, first: int, beats: int) -> None:
        """Send a run of beats."""
        for index in range(beats):
            await self.send(first + index, last=index == beats - 1)

    async def finish(self) -> None:
        """Wait until all is written, then compare."""
        await self.beats.wait()
        await until(self.dut, self.dut.idle)
        self.rules.finish()
        assert self.memory.read(0, SIZE) == self.wanted

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
    for first in range(PAGE_BEATS - 9, PAGE_BEATS + 2):
        for beats in range(1, 18):
            await bench.run(first, beats)
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(pattern=pauses.ALL)
async def bytes_between_others(dut: Any, pattern: pauses.Pauses) -> None:
    """Beats anywhere with any strobes leave the bytes beside them alone."""
    bench = Bench(dut)
    bench.pause(pattern)
    await start(dut)
    rng = random.Random(8)
    address = 0
    for _ in range(300):
        address = rng.choice([address, address + 1, address + 1, rng.randrange(2 * PAGE_BEATS)])
        await bench.send(address, rng.getrandbits(16) or 1, last=rng.random() < 0.2)
    await bench.send(0, last=True)
    await bench.finish()


@cocotb.test()
async def long_runs_make_long_bursts(dut: Any) -> None:
    """Bursts are as long as they can be: a run that begins at a burst's boundary is cut evenly."""
    bench = Bench(dut)
    await start(dut)
    await bench.run(PAGE_BEATS, PAGE_BEATS)
    await bench.finish()
    assert {burst.words for burst in bench.rules.writes} == {BURST_WORDS}


@cocotb.test()
@cocotb.parametrize(response=[AxiResp.SLVERR, AxiResp.DECERR])
async def an_error_is_told_and_forgotten(dut: Any, response: AxiResp) -> None:
    """One pulse for each burst that was answered with it; later writes are as any other."""
    bench = Bench(dut)
    await start(dut)
    bench.memory.faults.addresses = range(PAGE_BYTES, PAGE_BYTES + BEAT_BYTES)
    bench.memory.faults.response = response
    kept = bench.memory.read(PAGE_BYTES, BEAT_BYTES)
    await bench.send(PAGE_BEATS, last=True)
    bench.wanted[PAGE_BYTES : PAGE_BYTES + BEAT_BYTES] = kept
    await bench.finish()
    assert bench.errors == 1
    await bench.run(0, 40)
    await bench.finish()
    assert bench.errors == 1


@cocotb.test()
@cocotb.parametrize(cycles=[5, 20, 60])
async def a_reset_in_mid_burst(dut: Any, cycles: int) -> None:
    """Whatever of the run before was written, the next one is whole, and nothing else changes."""
    bench = Bench(dut)
    bench.pause(pauses.randomly)
    await start(dut)
    for index in range(100):
        await bench.send(index)
    await ClockCycles(dut.clk, cycles)
    bench.beats.clear()
    await reset(dut)
    assert dut.idle.value
    bench.wanted[: 100 * BEAT_BYTES] = bench.memory.read(0, 100 * BEAT_BYTES)
    await bench.run(PAGE_BEATS - 3, 50)
    await bench.finish()
