"""The machines that random programs run on, and what lies in their memory."""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.boards.board import load_board
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import CONTROL_WORDS
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.memory_map import MemoryMap, Region
from wingbeat.sim.rtl.verilate import Optimise


@dataclass(frozen=True)
class Target:
    """A machine; of a hundred programs it gets `share`."""

    config: AcceleratorConfig
    optimise: Optimise
    share: int


def _target(share: int, optimise: Optimise, **fields: object) -> Target:
    return Target(AcceleratorConfig.parse(fields), optimise, share)


# fmt: off
TARGETS = {
    "one lane": Target(load_board("sim1").accelerator, "speed", 25),
    "two lanes": _target(
        60, "compile", lanes=2, columns=2, ports=2, port_bits=64, vector_lanes=16, tokens=8,
        vector_memory_kib=16, operand_memory_kib=8, prefetch_beats=64, queue_depth=4,
        formats=(
            "int2g64", "uint3g32", "int4g32", "uint4g64", "int5g128", "uint6g32", "int7g64",
            "uint7g128", "raw4", "int2g32s", "uint4g32s", "int4g64s", "uint5g128s", "int8g32s",
        ),
    ),
    "four lanes": Target(load_board("sim4s").accelerator, "compile", 15),
}
# fmt: on
"""The first and the last are the machines of tests/sim/rtl/test_machine.py: built once for both."""

MEMORY = MemoryMap.of(
    [
        Region("weights", 0x0000, 0x2000, striped=True, writable=False),
        Region("constants", 0x2000, 0x0400, striped=False, writable=False),
        Region("cache", 0x2800, 0x0400, striped=True, writable=True),
        Region("lists", 0x3000, 0x0100, striped=False, writable=True),
        Region("data", 0x3400, 0x0400, striped=False, writable=True),
        Region("control", 0x3900, CONTROL_WORDS // WORDS_PER_BEAT, striped=False, writable=True),
        Region("dump", 0x3A00, 0x0400, striped=False, writable=True),
    ]
)

NUMBERS = 144
"""Granules of the vector memory that a program computes in."""

INDICES = 16
"""Granules behind them for ARGMAX: as numbers, its indices would be subnormal."""

GROUPS = 64
"""Groups of the operand memory that a program computes in."""

DENSE_BEATS = 0x0F00
"""Beats of the weights, on each port, that dense matrices use: any bits are one."""
