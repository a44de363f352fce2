"""Runs of every length from every place about a page's end, on buses that pause as they like.

The memory refuses bursts that cross a multiple of 4 KiB, and offers that change.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from wingbeat.hw.rtl.bus.axi import PAGE_BYTES
from wingbeat.hw.rtl.bus.read_engine import REQUEST, ReadEngine, beats_per_word, words_layout
from wingbeat.hw.rtl.bus.write_engine import WriteEngine
from wingbeat.hw.rtl.bus.write_word import beat_layout
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.memory import MemoryPort, Timing
from wingbeat.sim.rtl.prepared import Model, built

WIDTHS = [64, 128, 256, 512]
BEAT_BYTES = 16
PAGE = PAGE_BYTES // BEAT_BYTES
STARTS = range(PAGE - 36, PAGE + 5)
LENGTHS = [*range(1, 41), 70, 150]
SIZE = 2 * PAGE

TIMINGS = {
    "at once": Timing(),
    "pauses": Timing(read_latency=9, write_latency=5, stall=0.4, outstanding=3),
    "long pauses": Timing(read_latency=30, write_latency=20, stall=0.02, pause=60),
    "slow rows": Timing(read_latency=100, rate=0.4, row_bytes=1024, row_miss=25),
}


@cache
def reader(width: int) -> Model:
    return built(ReadEngine(width), "compile")


@cache
def writer(width: int) -> Model:
    return built(WriteEngine(width), "compile")


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("width", WIDTHS)
def test_reads(width: int, timing: str) -> None:
    rng = np.random.default_rng(width)
    memory = rng.integers(0, 1 << 62, (SIZE, 2), np.uint64)
    runs = [(start, length) for start in STARTS for length in LENGTHS]
    runs = [runs[i] for i in rng.permutation(len(runs))[:: 1 if timing == "at once" else 4]]
    wide = beats_per_word(width)
    words = sum((start % wide + length + wide - 1) // wide for start, length in runs)
    sim = Simulation(reader(width))
    port = MemoryPort({0: memory}, TIMINGS[timing])
    sim.attach("bus", port)
    requests = [start | length << REQUEST["address"].width for start, length in runs]
    stall = 0.0 if timing == "at once" else 0.2
    got = sim.stream(
        {"request": requests}, {"response": words}, stall=stall, quiet=200, limit=10_000_000
    )["response"]

    rows = got.reshape(words, -1)
    count = rows[:, 2 * wide] & np.uint64((1 << words_layout(width)["count"].width) - 1)
    last = rows[:, 2 * wide] >> np.uint64(words_layout(width)["last"].offset - 128 * wide)
    here = np.arange(wide) < count[:, None]
    beats = rows[:, : 2 * wide].reshape(words, wide, 2)[here]
    wanted = np.concatenate([memory[start : start + length] for start, length in runs])
    np.testing.assert_array_equal(beats, wanted)
    ends = np.cumsum(count)[np.flatnonzero(last)]
    assert ends.tolist() == np.cumsum([length for _, length in runs]).tolist()


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("width", WIDTHS)
def test_writes(width: int, timing: str) -> None:
    rng = np.random.default_rng(width)
    memory = rng.integers(0, 256, (SIZE, BEAT_BYTES), np.uint8)
    wanted = memory.copy()
    runs = [(start, length) for start in STARTS for length in LENGTHS]
    runs = [runs[i] for i in rng.permutation(len(runs))[:: 2 if timing == "at once" else 8]]
    address = np.concatenate([np.arange(start, start + length) for start, length in runs])
    last = np.zeros(len(address), bool)
    last[np.cumsum([length for _, length in runs]) - 1] = True
    data = rng.integers(0, 256, (len(address), BEAT_BYTES), np.uint8)
    strobes = rng.integers(0, 2, (len(address), BEAT_BYTES), np.uint8)
    strobes[rng.random(len(address)) < 0.5] = 1
    for beat, value, enabled in zip(address, data, strobes.astype(bool), strict=True):
        wanted[beat, enabled] = value[enabled]
    sim = Simulation(writer(width))
    port = MemoryPort({0: memory}, TIMINGS[timing])
    sim.attach("bus__0", port)
    payloads = encode(address, data, strobes, last)
    stall = 0.0 if timing == "at once" else 0.2
    sim.stream({"beats": payloads}, {}, stall=stall, limit=10_000_000)
    sim.set("beats__valid", 0)
    sim.run_until("idle", 100_000)
    np.testing.assert_array_equal(memory, wanted)


def encode(
    address: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    strobes: npt.NDArray[np.uint8],
    last: npt.NDArray[np.bool_],
) -> list[int]:
    """Payloads of beats for port 0."""
    layout = beat_layout(1)
    places = [layout[name].offset for name in ("address", "data", "strobes", "last")]
    masks = np.packbits(strobes, axis=1, bitorder="little")
    rows = zip(address, data, masks, last, strict=True)
    return [
        int(where) << places[0]
        | int.from_bytes(value.tobytes(), "little") << places[1]
        | int.from_bytes(mask.tobytes(), "little") << places[2]
        | int(ends) << places[3]
        for where, value, mask, ends in rows
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_bus_is_busy_at_a_latency_of_100_cycles(width: int) -> None:
    """Bursts are long, and several are under way."""
    words, beats = 4000, 4000 * width // 128
    memory = np.zeros(words * width // 8, np.uint8)
    sim = Simulation(reader(width))
    port = MemoryPort({0: memory}, Timing(read_latency=100, rate=1))
    sim.attach("bus", port)
    request = [beats << REQUEST["address"].width]
    count = beats // beats_per_word(width)
    cycles = sim.stream({"request": request}, {"response": count})["cycles"]
    assert port.words_read == words
    assert cycles < 1.02 * words + 110
