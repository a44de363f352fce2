import time

import numpy as np
import pytest
from tests.sim.rtl.components import Counter, Inverter, Pipeline, Queue, Unsteady

from wingbeat.sim.rtl.harness import Simulation, SimulationError

WIDE = (1 << 1000) - 1


def as_ints(rows: np.ndarray) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


def random_ints(seed: int, count: int, bits: int) -> list[int]:
    rng = np.random.default_rng(seed)
    return [int.from_bytes(rng.bytes(bits // 8), "little") for _ in range(count)]


def test_set_get_step_and_reset() -> None:
    sim = Simulation(Counter())
    sim.step(3)
    assert sim.get("value") == 0
    sim.set("enable", 1)
    sim.step(7)
    assert sim.get("value") == 7
    sim.step()
    assert sim.get("value") == 8
    sim.reset()
    assert sim.get("value") == 0


def test_run_until_stops_in_the_cycle_in_which_the_output_is_high() -> None:
    sim = Simulation(Counter())
    sim.set("enable", 1)
    assert sim.run_until("full", 255) == 255
    assert (sim.get("full"), sim.get("value")) == (1, 255)
    assert sim.run_until("full", 10) == 0
    sim.step()
    assert sim.get("value") == 0
    with pytest.raises(SimulationError, match="`full` stayed low for 254 cycles"):
        sim.run_until("full", 254)
    assert sim.get("value") == 254


def test_ports_are_checked() -> None:
    sim = Simulation(Counter())
    with pytest.raises(KeyError, match="no input `value`"):
        sim.set("value", 1)
    with pytest.raises(KeyError, match="no output `enable`; there are value, full"):
        sim.run({}, ["enable"], 1)
    with pytest.raises(ValueError, match="not of one bit"):
        sim.run_until("value", 1)


def test_two_simulations_do_not_share_state() -> None:
    one, other = Simulation(Counter()), Simulation(Counter())
    one.set("enable", 1)
    one.step(5)
    other.step(5)
    assert (one.get("value"), other.get("value")) == (5, 0)


def test_a_row_goes_in_and_comes_out_every_cycle() -> None:
    sim = Simulation(Pipeline())
    rng = np.random.default_rng(1)
    x, y = rng.integers(-(2**19), 2**19, (2, 10_000))
    pair = (x & 0xFFFFF) | (y & 0xFFFFF) << 20
    got = sim.run({"pair": pair, "byte": x & 0xFF}, ["difference", "echo"])
    assert got["difference"].dtype == np.int64
    np.testing.assert_array_equal(got["difference"][1:], (x - y)[:-1])
    np.testing.assert_array_equal(got["echo"], (x & 0xFF).astype(np.uint64))


def test_signed_values_and_short_inputs() -> None:
    sim = Simulation(Pipeline())
    sim.set("pair", -1)
    sim.step()
    assert sim.get("difference") == 0
    sim.set("pair", 5 << 20)
    sim.step()
    assert sim.get("difference") == -5
    got = sim.run({"byte": [1, 2, -1]}, ["echo", "difference"], 5)
    assert got["echo"].tolist() == [1, 2, 255, 255, 255]
    assert got["difference"].tolist() == [-5] * 5
    assert sim.get("echo") == 255


def test_wide_ports() -> None:
    sim = Simulation(Pipeline())
    values = [0, WIDE, 1, 1 << 999, *random_ints(2, 50, 1000)]
    delay = Pipeline.LATENCY
    got = sim.run({"wide": values}, ["inverted"], len(values) + delay)["inverted"]
    assert got.shape == (len(values) + delay, 16)
    assert as_ints(got[delay:]) == [~value & WIDE for value in values]
    sim.set("wide", -1)
    sim.step(delay)
    assert sim.get("inverted") == 0
    sim.set("wide", values[-1])
    sim.step(delay)
    assert sim.get("inverted") == ~values[-1] & WIDE


def test_rows_of_bytes() -> None:
    sim = Simulation(Pipeline())
    rows = np.random.default_rng(3).integers(0, 256, (20, 125), np.uint8)
    got = sim.run({"wide": rows}, ["inverted"], 20 + Pipeline.LATENCY)["inverted"]
    assert (got.view(np.uint8)[Pipeline.LATENCY :, :125] == ~rows).all()
    with pytest.raises(ValueError, match="rows of 124 bytes for 1000 bits"):
        sim.run({"wide": rows[:, :124]}, [])
    with pytest.raises(TypeError, match="integers are needed"):
        sim.run({"byte": np.zeros(3)}, [])


@pytest.mark.parametrize("width", [1, 8, 9, 16, 17, 32, 33, 64, 65, 96, 128, 130])
@pytest.mark.parametrize("stall", [0.0, 0.5, {"source": 0.9}, {"sink": 0.9}])
def test_streams(width: int, stall: float | dict[str, float]) -> None:
    sim = Simulation(Queue(width, 5))
    values = [value & (1 << width) - 1 for value in random_ints(width, 300, 136)]
    got = sim.stream({"source": values}, {"sink": 300}, stall=stall, seed=width, quiet=20)
    found = as_ints(got["sink"]) if width > 64 else got["sink"].tolist()
    assert found == values
    assert sim.get("level") == 0
    cycles = int(got["cycles"]) - 20
    # one in each cycle, and one to get through; otherwise the pauses show
    assert cycles == 301 if stall == 0.0 else cycles > 450


def test_bits_above_the_width_are_dropped() -> None:
    got = Simulation(Queue(9, 5)).stream({"source": np.array([-1, 512 + 3])}, {"sink": 2})
    assert got["sink"].tolist() == [511, 3]
    ones = np.full((1, 9), 255, np.uint8)
    assert as_ints(Simulation(Queue(70, 5)).stream({"source": ones}, {"sink": 1})["sink"]) == [
        2**70 - 1
    ]


def test_streams_that_lack_or_have_too_much() -> None:
    sim = Simulation(Queue(8, 5))
    with pytest.raises(SimulationError, match=r"unfinished.*'source': 7, 'sink': 7"):
        sim.stream({"source": range(7)}, {"sink": 8}, limit=100)
    with pytest.raises(SimulationError, match="`sink` offers more"):
        sim.stream({"source": range(7)}, {"sink": 6}, quiet=1)


@pytest.mark.parametrize("fault", ["withdraw", "change"])
def test_an_unsteady_stream_is_found(fault: str) -> None:
    sim = Simulation(Unsteady(fault))
    with pytest.raises(SimulationError, match="`sink` changed an offer"):
        sim.stream({}, {"sink": 50}, stall=0.5)
    sim.reset()
    if fault == "change":
        assert sim.stream({}, {"sink": 50})["cycles"] == 50


def test_no_state_no_clock() -> None:
    sim = Simulation(Inverter())
    assert sim.run({"byte": [0, 1, 255]}, ["inverse"])["inverse"].tolist() == [255, 254, 0]
    sim.step()
    sim.reset()


def test_speed() -> None:
    """A floor far below what is measured, to notice a Python loop in the path of a cycle."""
    sim = Simulation(Pipeline())
    byte = np.arange(1_000_000) & 255
    start = time.perf_counter()
    sim.run({"byte": byte}, ["echo"])
    assert time.perf_counter() - start < 2


def test_a_probe_notes_pulses_and_changes() -> None:
    sim = Simulation(Counter())
    full, low_bits = sim.probe("full", pulses=1), sim.probe("value", levels=0b110)
    assert full.events.shape == (0, 2)
    sim.step(3)
    sim.set("enable", 1)
    sim.step(258)
    assert sim.cycle == 261
    assert full.events.tolist() == [[258, 1]]
    found = low_bits.events
    # the counter is `cycle - 3`; bits 1 and 2 change with every second number
    assert found[:3].tolist() == [[5, 2], [7, 4], [9, 6]]
    assert (found[:, 1] == (found[:, 0] - 3) % 256).all()
    assert len(found) == 128
    late = sim.probe("value", levels=0xFF)
    sim.step()
    assert late.events.tolist() == [[261, 2]]
    with pytest.raises(ValueError, match="`inverted` is wider than 64 bits"):
        Simulation(Pipeline()).probe("inverted")
