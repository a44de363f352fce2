"""The serialiser: packed structures as payloads."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import with_timeout
from tests.cocotb import pauses
from tests.cocotb.bench import start
from tests.cocotb.simulation import verify
from tests.cocotb.streams import StreamBus, StreamSink, StreamSource, Transfer

from wingbeat.hw.config import BEAT_BITS
from wingbeat.hw.rtl.bus.read_engine import beats_per_word, words_layout
from wingbeat.hw.rtl.bus.serialiser import Serialiser

PORT_BITS = 512
LAYOUT = words_layout(PORT_BITS)


def test_serialiser(tmp_path: Path) -> None:
    verify(Serialiser(PORT_BITS), __name__, tmp_path)


@cocotb.test()
@cocotb.parametrize(pattern=pauses.ALL)
async def beats_come_one_by_one(dut: Any, pattern: pauses.Pauses) -> None:
    """As many of each word as it counts, in order."""
    source = StreamSource(StreamBus.from_prefix(dut, "words"), dut.clk, dut.rst)
    sink = StreamSink(StreamBus.from_prefix(dut, "beats"), dut.clk, dut.rst)
    source.set_pause_generator(pattern(1))
    sink.set_pause_generator(pattern(2))
    await start(dut)
    wanted = []
    for _ in range(100):
        beats = [random.getrandbits(BEAT_BITS) for _ in range(beats_per_word(PORT_BITS))]
        count = random.randrange(1, len(beats) + 1)
        # the layout of the RTL packs the test's payload
        word = LAYOUT.const({"data": beats, "count": count, "last": 0})
        await source.send(Transfer(payload=int(word.as_bits())))
        wanted += beats[:count]
    received = [await with_timeout(sink.recv(), 50, "us") for _ in wanted]
    assert [int(transfer.payload) for transfer in received] == wanted
