"""Where instructions reach: every access inside its region, for all register values.

- Each access to memory lies in one region, all of it, and writes only where programs may write.
- What every port holds a part of (weight streams, caches) lies in a *striped* region.
- Everything else passes through port 0: rows of numbers, lists, single words. It may lie in any
  region; of a striped one it reaches the part on port 0.
- Vector and operand memory are as large as the configuration says.
"""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT, Access, Registers, Space, accesses
from wingbeat.hw.isa.instructions import Instruction
from wingbeat.hw.memory_map import MemoryMap, Region


def complaints(
    instruction: Instruction, registers: Registers, memory: MemoryMap, config: AcceleratorConfig
) -> Iterator[str]:
    """Yield every rule that an instruction's accesses break, as a sentence without a subject."""
    for access in accesses(instruction, registers, config):
        if access.space is Space.MEMORY:
            yield from _in_memory(access, memory)
        elif access.space is Space.VECTOR:
            yield from _within(access, config.vector_words, "word", "vector memory")
        else:
            yield from _within(access, config.operand_groups, "group", "operand memory")


def _within(access: Access, size: int, unit: str, name: str) -> Iterator[str]:
    if access.stop > size:
        yield (
            f"`{access.what}` reaches {unit} {access.stop - 1} outside the {name} of {size} {unit}s"
        )


def _in_memory(access: Access, memory: MemoryMap) -> Iterator[str]:
    first = access.start // WORDS_PER_BEAT
    last = (access.stop - 1) // WORDS_PER_BEAT
    region = memory.find(first, first + 1)
    if region is None:
        yield f"`{access.what}` reaches beat {first:#x}, which is in no region"
        return
    if last >= region.stop:
        yield f"`{access.what}` reaches beat {last:#x} outside region {_describe(region)}"
    if access.write and not region.writable:
        yield f"`{access.what}` must not write to region {_describe(region)}, which is read-only"
    if access.striped and not region.striped:
        yield (
            f"`{access.what}` must lie in a striped region, not in {_describe(region)}: "
            "every port holds a part of it"
        )


def _describe(region: Region) -> str:
    return f"`{region.name}` [{region.start:#x}, {region.stop:#x})"
