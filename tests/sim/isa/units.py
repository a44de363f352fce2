"""A small machine's parts, without a compiled model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Instruction, Opcode, Scalar, System, Vector
from wingbeat.hw.isa.operands import Count, SmallCount
from wingbeat.hw.memory_map import MemoryMap, Region
from wingbeat.hw.sequencer import Registers
from wingbeat.sim.isa.matrix import MatrixUnit
from wingbeat.sim.isa.scratchpads import OperandMemory, VectorMemory
from wingbeat.sim.isa.transfer import TransferUnit
from wingbeat.sim.isa.vector import VectorUnit
from wingbeat.sim.memory import DeviceMemory

CONFIG = AcceleratorConfig.parse(
    {
        "lanes": 4,
        "ports": 2,
        "tokens": 8,
        "vector_memory_kib": 16,  # 4096 words, 256 granules
        "operand_memory_kib": 8,  # 256 groups
        "formats": ("int4g32", "uint4g32", "int8g32", "int8g64", "int4g32s"),
    }
)

MEMORY = MemoryMap.of(
    [
        Region("control", 0, 32, striped=False, writable=True),
        Region("weights", 0x100, 0x800, striped=True, writable=False),
        Region("cache", 0x1000, 0x800, striped=True, writable=True),
        Region("plain", 0x2000, 0x100, striped=False, writable=True),
    ]
)

Bytes = npt.NDArray[np.uint8]


class Parts:
    """Memories and units that share them; every memory begins with garbage."""

    def __init__(self, weights: Bytes | None = None, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        contents = {
            region.name: rng.integers(
                0, 256, (CONFIG.ports if region.striped else 1, region.bytes_per_port), np.uint8
            )
            for region in MEMORY.regions
        }
        if weights is not None:
            contents["weights"][:, : weights.shape[1]] = weights
        self.memory = DeviceMemory(MEMORY, CONFIG.ports, contents)
        self.vectors = VectorMemory(CONFIG)
        self.vectors.words.view(np.uint32)[:] = rng.integers(0, 1 << 32, self.vectors.words.size)
        self.operands = OperandMemory(CONFIG)
        self.registers = Registers()
        self.vector = VectorUnit(self.vectors, self.operands)
        self.matrix = MatrixUnit(CONFIG, self.memory, self.vectors, self.operands)
        self.transfer = TransferUnit(CONFIG, self.memory, self.vectors, self.operands)

    def put(self, granule: int, values: Any) -> npt.NDArray[np.float32]:
        """Write numbers to the vector memory, from a granule on."""
        flat = np.asarray(values, np.float32).reshape(-1)
        self.vectors.words[granule * 16 : granule * 16 + flat.size] = flat
        return flat

    def get(self, granule: int, count: int) -> npt.NDArray[np.float32]:
        """Read numbers of the vector memory."""
        return self.vectors.words[granule * 16 : granule * 16 + count].copy()


def vector(**fields: Any) -> Vector:
    """A MISC instruction; counts may be plain numbers."""
    plain: dict[str, Any] = {"outer": 1, "inner": 1}
    plain |= fields
    plain["outer"] = small(plain["outer"])
    if isinstance(plain.get("length"), int):
        plain["length"] = Count(plain["length"])
    return Vector(Opcode.MISC, **plain)


def small(value: int | SmallCount) -> SmallCount:
    return SmallCount(value) if isinstance(value, int) else value


def system(operation: Scalar, **fields: Any) -> System:
    return System(Opcode.SYS, operation=operation, **fields)


HALT: Instruction = system(Scalar.HALT)
