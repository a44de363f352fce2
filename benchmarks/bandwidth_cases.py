"""The cases of `benchmarks.bandwidth`: which model, on which machine, doing what."""

from __future__ import annotations

import dataclasses
from typing import Any

from wingbeat.hw.formats import WINDOW
from wingbeat.sim.rtl.memory import Timing

IDEAL = Timing(read_latency=100, write_latency=100)
REFRESHED = dataclasses.replace(IDEAL, refresh_interval=1950, refresh_cycles=88)
"""A DDR4 device at 250 MHz: every 7.8 microseconds no word moves for 350 ns."""
ROWS = dataclasses.replace(REFRESHED, row_bytes=8192, row_miss=8)
"""The same, and 32 ns until another row of 8 KiB is open."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One figure.

    Attributes
    ----------
    model : "smollm2", or the name of a shape: its weights are random
    machine : what differs from board sim4
    positions : keys and values that the last token sees
    tokens : 1 to decode, more to prefill
    layers : how many, 0 for all of them and the head
    timing : of every port
    weights : format of the layers' matrices, by default that of the file
    kept : N of N:16, if that is sparse
    """

    model: str
    machine: dict[str, Any]
    positions: int
    tokens: int = 1
    layers: int = 0
    timing: Timing = IDEAL
    weights: str | None = None
    kept: int = WINDOW


FOUR = {"lanes": 4, "columns": 2}
SIXTEEN = {"lanes": 16, "columns": 2, "ports": 4, "vector_memory_kib": 2048}
CASES = {
    "smollm2, 4 lanes, context 128": Case("smollm2", FOUR, 128),
    "smollm2, 4 lanes, context 512": Case("smollm2", FOUR, 512),
    "smollm2, 4 lanes, context 128, refresh": Case("smollm2", FOUR, 128, timing=REFRESHED),
    "smollm2, 4 lanes, context 128, refresh and rows": Case("smollm2", FOUR, 128, timing=ROWS),
    "smollm2, 16 lanes, context 128": Case("smollm2", SIXTEEN, 128),
    "llama2-7b layer, 16 lanes, context 128": Case("llama2-7b", SIXTEEN, 128, layers=1),
    "prefill, 1 column": Case("smollm2", {"columns": 1}, 128, tokens=128, layers=2),
    "prefill, 2 columns": Case("smollm2", FOUR, 128, tokens=128, layers=2),
} | {
    f"sparse, layer of smollm2, {machine}, {phase}, {name}": Case(
        "smollm2",
        {"formats": ("int4g32", "uint4g32", "int8g32", "int4g32s"), **changes},
        128,
        tokens=tokens,
        layers=1,
        weights=weights,
        kept=kept,
    )
    for machine, changes, phase, tokens in (
        ("4 lanes of 2 columns", FOUR, "decode", 1),
        ("4 lanes of 2 columns", FOUR, "prefill of 128", 128),
        ("4 lanes of 1 column", {"columns": 1}, "prefill of 128", 128),
        ("1 lane on 64 bits", {"lanes": 1, "port_bits": 64}, "decode", 1),
        ("1 lane of 2 columns", {"lanes": 1, "columns": 2, "port_bits": 128}, "decode", 1),
    )
    for name, weights, kept in (
        ("dense", "int4g32", WINDOW),
        ("8:16", "int4g32s", 8),
        ("4:16", "int4g32s", 4),
        ("2:16", "int4g32s", 2),
    )
    if tokens == 1 or kept >= WINDOW // 2  # the others multiply as fast as 8:16
}
