import time

import pytest
from tests.sw.scripted import ScriptedDevice

from wingbeat.sw.statistics import Meter


class Clock:
    """Host time and device cycles that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.device = ScriptedDevice()
        self.seconds = 100.0
        self.device.cycles = 1_000_000
        monkeypatch.setattr(time, "perf_counter", lambda: self.seconds)

    def pass_by(self, seconds: float, cycles: int) -> None:
        self.seconds += seconds
        self.device.cycles += cycles


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_generation_in_numbers(clock: Clock) -> None:
    meter = Meter(clock.device, clock_mhz=200.0)
    clock.pass_by(50.0, 7)
    meter.begin()
    clock.pass_by(2.0, 400_000)
    meter.token()
    for _ in range(3):
        clock.pass_by(0.5, 100_000)
        meter.token()
    clock.pass_by(9.0, 1000)
    result = meter.result("length", prompt=12, reused=2)
    assert (result.finish, result.prompt_tokens, result.reused_tokens) == ("length", 12, 2)
    assert result.generated_tokens == 4
    assert result.seconds_to_first_token == 2.0
    assert result.prefill_tokens_per_second == 5.0
    assert result.decode_tokens_per_second == 2.0
    assert result.device_cycles == 701_000
    assert result.clock_mhz == 200.0
    assert result.device_seconds_to_first_token == pytest.approx(0.002)
    assert result.device_tokens_per_second == pytest.approx(2000.0)


def test_no_token_has_no_times(clock: Clock) -> None:
    meter = Meter(clock.device, 200.0)
    clock.pass_by(1.0, 10)
    result = meter.result("closed", 3, 0)
    assert result.seconds_to_first_token is result.prefill_tokens_per_second is None
    assert result.decode_tokens_per_second is result.device_tokens_per_second is None
    assert (result.generated_tokens, result.device_cycles) == (0, 10)


def test_one_token_has_no_rate(clock: Clock) -> None:
    meter = Meter(clock.device, 200.0)
    clock.pass_by(1.0, 10)
    meter.token()
    result = meter.result("end", 3, 0)
    assert result.seconds_to_first_token == 1.0
    assert result.decode_tokens_per_second is result.device_tokens_per_second is None


def test_no_time_is_no_rate(clock: Clock) -> None:
    meter = Meter(clock.device, 200.0)
    meter.token()
    meter.token()
    result = meter.result("end", 3, 0)
    assert result.prefill_tokens_per_second is None
    assert result.decode_tokens_per_second is result.device_tokens_per_second is None
