"""The operand memory in RTL against a list of groups."""

import numpy as np

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.memory.operand_memory import OperandMemory
from wingbeat.hw.rtl.memory.ports import READ_LATENCY
from wingbeat.sim.rtl.harness import Simulation

CYCLES = 2000


def test_groups_are_kept_and_the_matrix_unit_reads_first() -> None:
    config = AcceleratorConfig(lanes=8, operand_memory_kib=8)
    rng = np.random.default_rng(1)
    groups = config.operand_groups
    inputs = {
        "write__valid": rng.random(CYCLES) < 0.5,
        "write__entry": rng.integers(0, 256, (CYCLES, 38), np.uint8),
        "matrix__enable": rng.random(CYCLES) < 0.5,
        "store__valid": rng.random(CYCLES) < 0.5,
    }
    for port in ("write", "matrix", "store"):
        inputs[f"{port}__address"] = rng.integers(groups - 16, groups, CYCLES)
    outputs = ["matrix__data", "store__data", "store__ready"]
    found = Simulation(OperandMemory(config)).run(inputs, outputs)

    memory = np.zeros((groups, 38), np.uint8)
    for cycle in range(CYCLES - READ_LATENCY):
        matrix = bool(inputs["matrix__enable"][cycle])
        assert bool(found["store__ready"][cycle]) == (not matrix)
        reader = "matrix" if matrix else "store"
        entry = found[f"{reader}__data"][cycle + READ_LATENCY].view(np.uint8)[:38]
        assert entry.tolist() == memory[inputs[f"{reader}__address"][cycle]].tolist()
        if inputs["write__valid"][cycle]:
            memory[inputs["write__address"][cycle]] = inputs["write__entry"][cycle]
