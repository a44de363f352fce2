from tests.hw.verify.programs import load

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Unit
from wingbeat.sim.trace import Retired, Traffic
from wingbeat.sw.tracing.bandwidth import WINDOW, Window, estimated, measured
from wingbeat.sw.tracing.replay import Step

CONFIG = AcceleratorConfig(lanes=4, ports=2, port_bits=256)
"""Two ports of two beats a cycle."""


def test_beats_between_samples_are_shares_of_the_ports() -> None:
    samples = [
        Traffic(0, (0, 0), (0, 0)), Traffic(10, (20, 5), (0, 1)), Traffic(10, (20, 5), (0, 1)),
        Traffic(30, (20, 45), (20, 1)),
    ]  # fmt: skip
    assert measured(samples, CONFIG) == [
        Window(0, 10, (1.0, 0.25), (0.0, 0.05)),
        Window(10, 30, (0.0, 1.0), (0.5, 0.0)),
    ]
    assert measured([], CONFIG) == []


def step(start: int, end: int, size: int) -> Step:
    return Step(Retired(0, Unit.LD, start, end), load(), size, ())


def test_an_estimate_spreads_the_bytes_of_instructions() -> None:
    # the second one is the oldest only when the first has ended
    steps = [step(0, WINDOW, 64 * WINDOW), step(WINDOW // 2, 2 * WINDOW, 32 * WINDOW)]
    first, second, third = estimated(steps, 2 * WINDOW + 10, CONFIG)
    assert (first.begin, first.end, third.begin, third.end) == (
        0, WINDOW, 2 * WINDOW, 2 * WINDOW + 10
    )  # fmt: skip
    # 64 bytes a cycle is all of both ports
    assert first.read == (1.0, 1.0)
    assert second.read == (0.5, 0.5)
    assert third.read == (0.0, 0.0)
    assert not any(window.written != (0.0, 0.0) for window in (first, second, third))


def test_an_estimate_loses_no_bytes() -> None:
    steps = [step(3, 3, 100), step(5, 700, 12345), step(699, 701, 999)]
    windows = estimated(steps, 701, CONFIG)
    moved = sum(window.read[0] * (window.end - window.begin) for window in windows)
    assert round(moved * CONFIG.port_bytes) == 100 + 12345 + 999
