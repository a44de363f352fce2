import itertools
import time
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
from tests.sim.rtl.managers import Channels, Faulty, Sum

from wingbeat.sim.rtl.harness import Simulation, SimulationError
from wingbeat.sim.rtl.memory import EVER, Answer, Fault, MemoryPort, Timing
from wingbeat.sim.rtl.values import Values

Row = dict[str, int | list[int]]

OKAY, SLVERR, DECERR = 0, 2, 3

TIMINGS = {
    "fast": Timing(),
    "slow": Timing(read_latency=60, write_latency=40, rate=0.3, outstanding=2),
    "random": Timing(read_latency=5, stall=0.5, seed=7, outstanding=3),
    "refresh": Timing(read_latency=20, rate=1, refresh_interval=50, refresh_cycles=12),
}


def burst(address: int, words: int, tag: int = 0) -> int:
    return address | words - 1 << 40 | tag << 48


def bursts(rng: np.random.Generator, count: int, size: int, width: int) -> list[tuple[int, int]]:
    """Return address and words of bursts of `width` bits in `size` bytes, none across 4 KiB."""
    bytes_ = width // 8
    found = []
    for _ in range(count):
        start = int(rng.integers(size // bytes_))
        room = min(256, (4096 - start * bytes_ % 4096) // bytes_)
        found.append((start * bytes_, int(rng.integers(1, room + 1))))
    return found


def word(memory: npt.NDArray[np.uint8], address: int, bytes_: int) -> int:
    return int.from_bytes(memory[address : address + bytes_].tobytes(), "little")


def as_ints(rows: npt.NDArray[np.uint64]) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


@pytest.mark.parametrize("width", [32, 64, 128, 512])
@pytest.mark.parametrize("timing", TIMINGS)
def test_reads(width: int, timing: str) -> None:
    rng = np.random.default_rng(width)
    memory = rng.integers(0, 256, 1 << 16, np.uint8)
    sim = Simulation(Channels(width))
    port = MemoryPort({0: memory}, TIMINGS[timing])
    sim.attach("port_0", port)
    requests = bursts(rng, 60, 1 << 16, width)
    tags = itertools.cycle(range(16))
    reads = [burst(*request, tag) for request, tag in zip(requests, tags, strict=False)]
    expected = [
        word(memory, address + index * width // 8, width // 8)
        | OKAY << width
        | (index == words - 1) << width + 2
        | (number % 16) << width + 3
        for number, (address, words) in enumerate(requests)
        for index in range(words)
    ]
    got = sim.stream({"read": reads}, {"words": len(expected)}, stall=0.2, quiet=50)["words"]
    assert (as_ints(got) if got.ndim == 2 else got.tolist()) == expected
    assert (port.words_read, port.words_written) == (len(expected), 0)


@pytest.mark.parametrize("width", [32, 128, 512])
@pytest.mark.parametrize("timing", TIMINGS)
def test_writes_with_strobes(width: int, timing: str) -> None:
    rng = np.random.default_rng(width)
    bytes_ = width // 8
    memory = rng.integers(0, 256, 1 << 14, np.uint8)
    expected = memory.copy()
    sim = Simulation(Channels(width))
    port = MemoryPort({0: memory}, TIMINGS[timing])
    sim.attach("port_0", port)
    requests = bursts(rng, 40, 1 << 14, width)
    rows = []
    for address, words in requests:
        for index in range(words):
            value = rng.integers(0, 256, bytes_, np.uint8)
            strobes = rng.integers(0, 2, bytes_, np.uint8)
            start = address + index * bytes_
            place = expected[start : start + bytes_]
            place[:] = np.where(strobes, value, place)
            mask = int.from_bytes(np.packbits(strobes, bitorder="little").tobytes(), "little")
            last = index == words - 1
            rows.append(
                int.from_bytes(value.tobytes(), "little") | mask << width | last << width + bytes_
            )
    writes = [burst(*request, number % 16) for number, request in enumerate(requests)]
    got = sim.stream({"write": writes, "data": rows}, {"answers": len(writes)}, stall=0.2, quiet=50)
    assert got["answers"].tolist() == [number % 16 << 2 for number in range(len(writes))]
    np.testing.assert_array_equal(memory, expected)
    assert port.words_written == len(rows)


def channels(regions: dict[int, npt.NDArray[np.uint64]], timing: Timing) -> Simulation:
    sim = Simulation(Channels(64))
    sim.attach("port_0", MemoryPort(regions, timing))
    return sim


def read_trace(sim: Simulation, words: int, cycles: int) -> list[int]:
    """Ask for one burst in cycle 0; return the cycles in which its words came."""
    sim.set("words__ready", 1)
    row: Mapping[str, Values] = {"read__payload": burst(0, words), "read__valid": [1, 0]}
    return np.flatnonzero(sim.run(row, ["words__valid"], cycles)["words__valid"]).tolist()


def test_a_port_has_one_memory() -> None:
    sim = channels({}, Timing())
    with pytest.raises(ValueError, match="port `port_0` must be attached to one memory, not"):
        sim.attach("port_0", MemoryPort({}))


def test_latency_and_bandwidth() -> None:
    memory = {0: np.arange(512, dtype=np.uint64)}
    assert read_trace(channels(memory, Timing(read_latency=1)), 4, 30) == [1, 2, 3, 4]
    assert read_trace(channels(memory, Timing(read_latency=9)), 4, 30) == [9, 10, 11, 12]
    assert read_trace(channels(memory, Timing(rate=0.5)), 4, 30) == [1, 3, 5, 7]
    trace = read_trace(channels(memory, Timing(rate=0.75)), 200, 300)
    assert len(trace) == 200
    assert trace[-1] in range(264, 270)


def test_refresh_gaps() -> None:
    timing = Timing(refresh_interval=10, refresh_cycles=4, refresh_phase=3)
    trace = read_trace(channels({0: np.zeros(512, np.uint64)}, timing), 60, 200)
    assert len(trace) == 60
    assert {(cycle + 3) % 10 for cycle in trace} == set(range(4, 10))
    assert trace[-1] == 96


def test_row_misses() -> None:
    """A burst waits when its turn has come, unless it goes on in the row of the one before."""
    timing = Timing(row_bytes=64, row_miss=10)
    sim = channels({0: np.zeros(512, np.uint64)}, timing)
    sim.set("words__ready", 1)
    reads = [burst(address, 4) for address in (0, 32, 64, 96, 128, 0)]
    for asked in reads:
        sim.run({"read__payload": asked, "read__valid": [1, 0]}, [], 1)
    row: dict[str, Values] = {"read__valid": 0}
    trace = np.flatnonzero(sim.run(row, ["words__valid"], 90)["words__valid"])
    assert len(trace) == 24 - 6 + 1  # some came while the others were asked for
    gaps = np.diff(trace)
    assert sorted(gaps[gaps > 1].tolist()) == [11, 11, 11]


def test_pauses_last_as_long_as_they_may() -> None:
    lengths = {}
    for longest in (1, 30):
        sim = channels({0: np.zeros(4096, np.uint64)}, Timing(stall=0.05, pause=longest))
        got = sim.run({"read__payload": burst(0, 1), "read__valid": 1, "words__ready": 1},
                      ["read__ready"], 20_000)["read__ready"]  # fmt: skip
        lengths[longest] = np.diff(np.flatnonzero(got)) - 1
    assert lengths[1].max() <= 5
    assert 30 <= lengths[30].max() <= 70
    pauses = lengths[30][lengths[30] > 0]
    assert 14 < pauses.mean() < 24


def test_both_directions_share_the_rate() -> None:
    memory = {0: np.zeros(4096, np.uint64)}
    for rate, cycles in ((2.0, 1000), (1.0, 2000), (0.5, 4000)):
        sim = channels(memory, Timing(rate=rate))
        row: dict[str, Values] = {"read__payload": burst(0, 250), "read__valid": [1] * 4 + [0]}
        row |= {"write__payload": burst(8192, 250), "write__valid": [1] * 4 + [0]}
        last = np.arange(1, 1001) % 250 == 0
        sim.set("words__ready", 1)
        sim.set("answers__ready", 1)
        payloads = [int(flag) << 72 for flag in last]
        got = sim.run(row, ["words__valid"], 4)
        early = int(got["words__valid"].sum())
        result = sim.stream({"data": payloads}, {"words": 1000 - early, "answers": 4}, limit=9999)
        assert abs(int(result["cycles"]) - cycles) < 30


def test_outstanding_bursts_are_limited() -> None:
    sim = channels({0: np.zeros(512, np.uint64)}, Timing(read_latency=50, outstanding=3))
    got = sim.run({"read__payload": burst(0, 1), "read__valid": 1}, ["read__ready"], 40)
    assert got["read__ready"].sum() == 3


def test_errors_by_address() -> None:
    regions = {0x1000: np.arange(8, dtype=np.uint64), 0x2000: np.zeros(8, np.uint64)}
    regions[0x3010] = np.zeros(2, np.uint64)
    regions[0x2000].flags.writeable = False
    sim = Simulation(Channels(64))
    port = MemoryPort(regions)
    sim.attach("port_0", port)

    def responses(address: int, words: int) -> list[int]:
        got = sim.stream({"read": [burst(address, words)]}, {"words": words})["words"]
        return [value >> 64 & 3 for value in as_ints(got)]

    def answer(address: int, words: int) -> int:
        data = [0xFF << 64 | (index == words - 1) << 72 for index in range(words)]
        got = sim.stream({"write": [burst(address, words)], "data": data}, {"answers": 1})
        return int(got["answers"][0]) & 3

    assert responses(0x1000, 8) == [OKAY] * 8
    assert responses(0x3008, 3) == [DECERR, OKAY, OKAY]
    assert responses(0x1000 + 48, 3) == [OKAY, OKAY, DECERR]
    assert answer(0x1000 + 48, 3) == DECERR
    assert regions[0x1000].tolist() == [0, 1, 2, 3, 4, 5, 0, 0]
    assert answer(0x2000, 1) == SLVERR
    port.inject(Fault(Answer.SLVERR, start=0x1010, stop=0x1018))
    assert responses(0x1000, 4) == [OKAY, OKAY, SLVERR, OKAY]
    port.inject(Fault(Answer.SLVERR, writes=True, start=0x1010, stop=0x1018))
    assert answer(0x1008, 3) == SLVERR
    assert regions[0x1000].tolist() == [0, 0, 2, 0, 4, 5, 0, 0]
    port.inject(None)
    assert responses(0x1000, 4) == [OKAY] * 4


def test_faults_are_counted() -> None:
    memory = np.arange(64, dtype=np.uint64)
    sim = Simulation(Channels(64))
    port = MemoryPort({0: memory})
    sim.attach("port_0", port)

    def responses(tag: int) -> list[int]:
        words = sim.stream({"read": [burst(0, 8, tag)]}, {"words": 8})["words"]
        return [value >> 64 & 3 for value in as_ints(words)]

    port.inject(Fault(Answer.DECERR, after=9, count=2, reader=3))
    assert [responses(tag) for tag in (3, 2, 3, 3)] == [
        [OKAY] * 8, [OKAY] * 8, [OKAY, DECERR, DECERR, *[OKAY] * 5], [OKAY] * 8
    ]  # fmt: skip
    assert port.faults == 2
    port.inject(Fault(Answer.SLVERR, start=16, stop=25))
    assert responses(0) == [OKAY, OKAY, SLVERR, *[OKAY] * 5]
    port.inject(Fault(Answer.SLVERR, start=16, stop=25, count=EVER))
    assert [responses(0) for _ in range(2)] == [[OKAY, OKAY, SLVERR, SLVERR, *[OKAY] * 4]] * 2


def test_what_hangs_is_answered_late() -> None:
    memory = np.arange(64, dtype=np.uint64)
    sim = Simulation(Channels(64))
    port = MemoryPort({0: memory})
    sim.attach("port_0", port)
    port.inject(Fault(Answer.NEVER, after=3))
    reads = [burst(0, 4), burst(64, 2)]
    with pytest.raises(SimulationError, match=r"'read': 2, 'words': 3"):
        sim.stream({"read": reads}, {"words": 6}, limit=500)
    port.inject(None)
    late = sim.stream({}, {"words": 3}, limit=60, quiet=20)["words"]
    assert [value & 0xFF for value in as_ints(late)] == [3, 8, 9]

    port.inject(Fault(Answer.NEVER, writes=True, after=1))
    data = [7 | 0xFF << 64, 8 | 0xFF << 64, 9 | 0xFF << 64 | 1 << 72]
    with pytest.raises(SimulationError, match=r"'data': 3, 'answers': 0"):
        sim.stream({"write": [burst(0, 3)], "data": data}, {"answers": 1}, limit=500)
    port.inject(None)
    sim.stream({}, {"answers": 1}, limit=60, quiet=20)
    assert memory[:4].tolist() == [7, 8, 9, 3]


def test_a_write_is_visible_with_its_response() -> None:
    memory = np.zeros(8, np.uint64)
    sim = channels({0: memory}, Timing(write_latency=20))
    write: dict[str, Values] = {"write__payload": burst(0, 1), "write__valid": [1, 0]}
    write |= {"data__payload": 7 | 0xFF << 64 | 1 << 72, "data__valid": [1, 1, 0]}
    sim.run(write, [], 20)  # the word is taken in cycle 1
    assert (memory[0], sim.get("answers__valid")) == (0, 0)
    sim.step()
    assert (memory[0], sim.get("answers__valid")) == (7, 1)
    sim.step(5)
    assert sim.get("answers__valid") == 1
    sim.reset()
    assert sim.get("answers__valid") == 0


READ: Row = {"ar__addr": 0, "ar__len": 3, "ar__size": 3, "ar__burst": 1, "ar__valid": 1}
WRITE: Row = {"aw__addr": 0, "aw__len": 1, "aw__size": 3, "aw__burst": 1, "aw__valid": 1}
DATA: Row = {"w__valid": [0, 1], "w__last": [0, 0, 1, 0]}  # for bursts taken from cycle 0
ALONE: Row = {"w__valid": 1, "w__data": 5}  # data before any address: not taken
VIOLATIONS: dict[str, tuple[Row, Row, str]] = {
    "crosses": (READ, {"ar__addr": 4096 - 24}, r"crosses a multiple of 4 KiB .*cycle 0.*0xfe8"),
    "fixed": (READ, {"ar__burst": 0}, "not INCR"),
    "narrow": (READ, {"ar__size": 2}, "narrower"),
    "unaligned": (READ, {"ar__addr": 4}, "no multiple of the port's width"),
    "withdrawn": (READ, {"ar__valid": [1] * 17 + [0]}, r"a read address changed .*cycle 17"),
    "changed": (READ, {"ar__len": [3] * 17 + [4]}, "a read address changed"),
    "write crosses": (WRITE, {"aw__addr": 4088}, "crosses a multiple of 4 KiB"),
    "write changed": (WRITE, {"aw__addr": [0] * 17 + [8]}, "a write address changed"),
    "data changed": (ALONE, {"w__data": [1, 2]}, "write data changed"),
    "data withdrawn": (ALONE, {"w__valid": [1, 0]}, "write data changed"),
    "last too early": (WRITE | DATA, {"w__last": [0, 1]}, "w.last does not agree"),
    "last too late": (WRITE | DATA, {"w__last": 0}, "w.last does not agree"),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_breaches_of_the_protocol(name: str) -> None:
    base, change, message = VIOLATIONS[name]
    for row, breach in ((base, False), (base | change, True)):
        sim = Simulation(Faulty())
        sim.attach("port_0", MemoryPort({0: np.zeros(1024, np.uint64)}, Timing(read_latency=99)))
        inputs: Mapping[str, Values] = {f"wires__{key}": value for key, value in row.items()}
        if not breach:
            sim.run(inputs, [], 4)
            continue
        with pytest.raises(SimulationError, match=f"`port_0`: .*{message}"):
            sim.run(inputs, [], 40)


def test_there_must_be_a_port() -> None:
    with pytest.raises(KeyError, match="no AXI port `port_1`"):
        Simulation(Channels(64)).attach("port_1", MemoryPort({}))
    with pytest.raises(ValueError, match="must be contiguous"):
        MemoryPort({0: np.zeros((4, 4))[:, :2]})


def test_several_ports_until_done() -> None:
    """Four ports with memories and timings of their own; and the speed of that."""
    rng = np.random.default_rng(5)
    sim = Simulation(Sum(4), "speed")
    memories = rng.integers(0, 1 << 62, (4, 1 << 18), np.uint64)
    for index, row in enumerate(memories):
        timing = Timing(read_latency=20 + index, rate=1, stall=0.1, seed=index)
        sim.attach(f"port_{index}", MemoryPort({0: row}, timing))
    count = (1 << 18) // Sum.BURST
    sim.set("bursts", count)
    start = time.perf_counter()
    cycles = sim.run_until("done", 1_000_000)
    seconds = time.perf_counter() - start
    assert sim.get("total") == int(memories.sum(dtype=np.uint64))
    assert cycles > 1 << 18
    # measured: far more; this only notices Python in the path of a cycle
    assert cycles / seconds > 100_000
    print(f"{cycles / seconds / 1000:.0f} kcycles/s")
