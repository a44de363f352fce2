"""The vector memory in RTL against an array of words."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.memory.ports import READ_LATENCY
from wingbeat.hw.rtl.memory.vector_memory import VectorMemory
from wingbeat.sim.rtl.harness import Simulation

CYCLES = 3000


def configuration(lanes: int) -> AcceleratorConfig:
    return AcceleratorConfig.parse({"lanes": 8, "vector_lanes": lanes, "vector_memory_kib": 16})


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("busy", [0.3, 0.9])
def test_memory_against_an_array(lanes: int, busy: float) -> None:
    config = configuration(lanes)
    rng = np.random.default_rng(lanes)
    simulation = Simulation(VectorMemory(config))
    # a quarter of the memory, so that addresses meet; its end included
    quads, steps = config.vector_words // 4, config.vector_words // lanes
    inputs: dict[str, npt.NDArray[Any]] = {}
    for port, chance in (("misc", busy), ("drain", 0.5), ("load", 0.5)):
        inputs[f"{port}__valid"] = rng.random(CYCLES) < chance
        inputs[f"{port}__quad"] = rng.integers(quads - 64, quads - lanes // 4 + 1, CYCLES)
        inputs[f"{port}__words"] = rng.integers(0, 1 << 32, (CYCLES, lanes), np.uint32)
        inputs[f"{port}__enable"] = rng.integers(0, 1 << lanes, CYCLES)
    for port, control in (("a", "enable"), ("b", "enable"), ("store", "valid"), ("peek", "valid")):
        inputs[f"{port}__{control}"] = rng.random(CYCLES) < 0.5
        inputs[f"{port}__address"] = rng.integers(steps - 256 // lanes, steps, CYCLES)
    inputs["a__enable"][:] = True
    outputs = [f"{port}__data" for port in ("a", "b", "store", "peek")]
    flags = ["store__ready", "peek__ready", "misc__ready", "drain__ready", "load__ready"]
    found = simulation.run(inputs, [*outputs, *flags, "leave_out"])

    memory = np.zeros(config.vector_words, np.uint32)
    history = []
    for cycle in range(CYCLES):
        valid = {
            port: bool(inputs[f"{port}__valid"][cycle])
            for port in ("misc", "drain", "load", "store", "peek")
        }
        history.append(memory.copy())
        writer = next((port for port in ("misc", "drain", "load") if valid[port]), None)
        for port in ("misc", "drain", "load"):
            assert not valid[port] or bool(found[f"{port}__ready"][cycle]) == (port == writer)
        if writer:
            start = 4 * int(inputs[f"{writer}__quad"][cycle])
            enable = int(inputs[f"{writer}__enable"][cycle]) >> np.arange(lanes) & 1
            place = memory[start : start + lanes]
            memory[start : start + lanes] = np.where(
                enable[: place.size] == 1, inputs[f"{writer}__words"][cycle][: place.size], place
            )
        b = bool(inputs["b__enable"][cycle])
        assert bool(found["peek__ready"][cycle]) == (not b)
        assert bool(found["store__ready"][cycle]) == (not b and not valid["peek"])
        if cycle:
            before = cycle - 1
            waited = inputs["drain__valid"][before] or inputs["load__valid"][before]
            assert bool(found["leave_out"][cycle]) == bool(inputs["misc__valid"][before] and waited)
        reads = {
            "a": True, "b": b, "peek": valid["peek"] and not b,
            "store": valid["store"] and not b and not valid["peek"],
        }  # fmt: skip
        for port, accepted in reads.items():
            answer = cycle + READ_LATENCY
            if accepted and answer < CYCLES and cycle >= VectorMemory.WRITE_LATENCY:
                start = lanes * int(inputs[f"{port}__address"][cycle])
                then = history[cycle - VectorMemory.WRITE_LATENCY + 1]
                words = found[f"{port}__data"][answer].view(np.uint32)[:lanes]
                assert words.tolist() == then[start : start + lanes].tolist()
