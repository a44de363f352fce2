"""The example: how a component with streams is tested under cocotb. See docs/cocotb.md."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, with_timeout
from tests.cocotb import pauses
from tests.cocotb.bench import start
from tests.cocotb.simulation import verify
from tests.cocotb.streams import StreamBus, StreamSink, StreamSource, Transfer

from wingbeat.hw.rtl.lane.skid import Skid

WIDTH = 16


# What pytest finds: it builds the component and runs this module's cocotb tests in the simulator.
def test_skid(tmp_path: Path) -> None:
    verify(Skid(WIDTH), __name__, tmp_path)


# What the simulator finds: `dut` has the component's ports, `input_payload` and so on.
@cocotb.test()
@cocotb.parametrize(pattern=pauses.ALL)
async def nothing_is_lost_or_changed(dut: Any, pattern: pauses.Pauses) -> None:
    """What goes in comes out in order, however both sides pause."""
    # bus models first: they give inputs a value and follow the reset
    source = StreamSource(StreamBus.from_prefix(dut, "input"), dut.clk, dut.rst)
    sink = StreamSink(StreamBus.from_prefix(dut, "output"), dut.clk, dut.rst)
    source.set_pause_generator(pattern(1))
    sink.set_pause_generator(pattern(2))
    await start(dut)

    sent = [random.getrandbits(WIDTH) for _ in range(300)]
    for word in sent:
        await source.send(Transfer(payload=word))
    # nothing is waited for without a deadline
    received = [await with_timeout(sink.recv(), 10, "us") for _ in sent]
    assert [int(transfer.payload) for transfer in received] == sent
    assert sink.empty()


@cocotb.test()
async def full_throughput(dut: Any) -> None:
    """A word a cycle, LATENCY cycles behind."""
    source = StreamSource(StreamBus.from_prefix(dut, "input"), dut.clk, dut.rst)
    sink = StreamSink(StreamBus.from_prefix(dut, "output"), dut.clk, dut.rst)
    await start(dut)
    for word in range(100):
        await source.send(Transfer(payload=word))
    await ClockCycles(dut.clk, 100 + Skid.LATENCY + 1)  # the models take a cycle, too
    assert sink.count() == 100


@cocotb.test()
async def room_for_two(dut: Any) -> None:
    """Two words are taken while nobody takes one, and no third."""
    source = StreamSource(StreamBus.from_prefix(dut, "input"), dut.clk, dut.rst)
    sink = StreamSink(StreamBus.from_prefix(dut, "output"), dut.clk, dut.rst)
    sink.pause = True
    await start(dut)
    for word in range(5):
        await source.send(Transfer(payload=word))
    await ClockCycles(dut.clk, 20)
    # of the five, one stands at the input
    assert source.count() == 5 - 2 - 1
    assert not dut.input_ready.value
