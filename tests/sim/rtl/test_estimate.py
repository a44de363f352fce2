"""The ISA machine's estimate of whole tokens against the cycles of the RTL."""

from typing import Any

import pytest
from tests.sim.rtl.runner import RtlRunner
from tests.sim.rtl.test_machine import CONFIGURATIONS
from tests.sim.runner import Runner, compiled

from wingbeat.hw.cost import MEMORY_LATENCY
from wingbeat.sim.rtl.memory import Timing
from wingbeat.sim.rtl.verilate import Optimise

TIMING = Timing(read_latency=MEMORY_LATENCY, write_latency=MEMORY_LATENCY)
PROMPT = list(range(20, 53))
STARTS: dict[str, dict[str, int]] = {
    "prefill": {"known": 32, "position": 0},
    "decode": {"known": 33, "position": 32, "generate": 1},
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_estimate_is_within_three_percent(name: str) -> None:
    image = compiled(context=64, **CONFIGURATIONS[name])
    optimise: Optimise = "speed" if name == "one lane" else "compile"
    expected, counted = Runner(image), RtlRunner(image, TIMING, optimise)
    errors: dict[str, Any] = {}
    for start, arguments in STARTS.items():
        before = expected.machine.timeline.now, counted.rtl.cycles
        for runner in (expected, counted):
            runner.write_tokens(PROMPT)
            for _ in runner.start(**arguments):
                pass
        estimate = expected.machine.timeline.now - before[0]
        errors[start] = estimate / (counted.rtl.cycles - before[1]) - 1
    assert all(abs(error) < 0.03 for error in errors.values()), errors
