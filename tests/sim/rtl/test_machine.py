"""The small model on the RTL against the ISA machine: every byte that a program writes."""

from typing import Any

import numpy as np
import pytest
from tests.sim.rtl.runner import RtlRunner
from tests.sim.runner import Runner, compiled

from wingbeat.sim.rtl.memory import Timing

PROMPT = [int(t) for t in np.random.default_rng(5).integers(3, 512, 9)]

# fmt: off
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "one lane": {"lanes": 1, "port_bits": 128, "vector_lanes": 4, "tokens": 4},
    "four lanes": {"lanes": 4, "vector_lanes": 4},
    "four lanes of two columns": {
        "lanes": 4, "columns": 2, "ports": 2, "port_bits": 256, "vector_lanes": 8,
    },
}
# fmt: on


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_model_writes_the_same_bytes(name: str) -> None:
    image = compiled(context=64, **CONFIGURATIONS[name])
    wanted, found = Runner(image), RtlRunner(image, Timing(read_latency=40, stall=0.1))
    assert found.generate(PROMPT, 2) == wanted.generate(PROMPT, 2)
    assert found.writable() == wanted.writable()
