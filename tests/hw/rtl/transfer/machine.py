"""A transfer unit in simulation beside its definition."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.hw.config import BANDWIDTH_MARGIN, CHAIN_PRODUCTS, AcceleratorConfig
from wingbeat.hw.formats import WeightFormat
from wingbeat.hw.isa.instructions import Instruction
from wingbeat.hw.memory_map import MemoryMap, Region
from wingbeat.hw.rtl.command import VALUE_BITS, operands, resolved
from wingbeat.hw.sequencer import Registers
from wingbeat.sim.isa.scratchpads import OperandMemory, VectorMemory
from wingbeat.sim.isa.transfer import TransferUnit
from wingbeat.sim.memory import DeviceMemory

Machine = tuple[int, int, int, int]

MACHINES: list[Machine] = [
    (1, 1, 64, 4),
    (4, 1, 512, 16),
    (4, 4, 128, 8),
    (4, 2, 256, 4),
    (6, 2, 64, 16),
]
"""Lanes, ports, port bits, vector lanes."""

FORMATS = ("int4g32", "uint4g32", "int8g32", "int8g64", "uint3g32", "int5g128", "raw8", "raw2")
BEATS = 0x1800
"""Beats of a port's memory; one region, on all ports."""

GRANULES = 256


@cache
def config(lanes: int, ports: int, port_bits: int, vector_lanes: int = 4) -> AcceleratorConfig:
    slowest = BANDWIDTH_MARGIN * ports * port_bits / (lanes * CHAIN_PRODUCTS)
    fast = [f for f in FORMATS if WeightFormat.parse(f).bits_per_weight() >= slowest]
    return AcceleratorConfig.parse(
        {
            "lanes": lanes,
            "ports": ports,
            "port_bits": port_bits,
            "tokens": 8,
            "vector_lanes": vector_lanes,
            "vector_memory_kib": 16,
            "operand_memory_kib": 8,
            "formats": tuple(fast),
        }
    )


class Definition:
    """The ISA machine's memories and its transfer unit; everything begins with garbage."""

    def __init__(self, configuration: AcceleratorConfig, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.config = configuration
        layout = MemoryMap.of([Region("all", 0, BEATS, striped=True, writable=True)])
        contents = rng.integers(0, 256, (configuration.ports, BEATS * 16), np.uint8)
        self.memory = DeviceMemory(layout, configuration.ports, {"all": contents})
        self.vectors = VectorMemory(configuration)
        self.vectors.words.view(np.uint32)[:] = rng.integers(0, 1 << 32, self.vectors.words.size)
        self.operands = OperandMemory(configuration)
        self.registers = Registers()
        self.unit = TransferUnit(configuration, self.memory, self.vectors, self.operands)

    @property
    def bytes(self) -> npt.NDArray[np.uint8]:
        """(ports, bytes)."""
        return self.memory.region("all")

    def resolve(self, instruction: Instruction) -> int:
        """The command that the sequencer makes of an instruction, as bits."""
        cls = type(instruction)
        layout = resolved(cls)
        values: dict[str, Any] = {}
        for name, _ in layout:
            field = getattr(instruction, name)
            if hasattr(field, "to_bits"):
                field = {part.name: getattr(field, part.name) for part in type(field).slots()}
            values[name] = field
        for operand in operands(cls):
            number = getattr(instruction, operand.name)
            if isinstance(number, int):
                values[operand.name] = self.registers[number]
            elif "base" in (fields := values[operand.name]):
                fields["base"] += self.registers[fields.pop("register")]
            else:
                total = fields["immediate"] + self.registers[fields["register"]]
                values[operand.name] = total & ((1 << VALUE_BITS) - 1)
        return int(layout.const(values).as_bits())
