"""A small accelerator, its memory, and short ways to write programs for it."""

from collections.abc import Sequence
from typing import Any

import pytest

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import ProgramError
from wingbeat.hw.formats import Q4_0
from wingbeat.hw.isa.instructions import (
    Instruction,
    Load,
    Multiply,
    Opcode,
    Scalar,
    Store,
    System,
    Unit,
    Vector,
)
from wingbeat.hw.isa.operands import Address, Count, FormatField, SmallCount, TileRows
from wingbeat.hw.isa.program import Argument, Program
from wingbeat.hw.memory_map import MemoryMap, Region
from wingbeat.hw.verify import Report, verify

CONFIG = AcceleratorConfig.parse(
    {
        "lanes": 4,
        "ports": 2,
        "tokens": 8,
        "vector_memory_kib": 16,  # 4096 words, 256 granules
        "operand_memory_kib": 8,  # 256 groups
        "formats": ("int4g32", "int8g64", "int4g32s"),
    }
)

MEMORY = MemoryMap.of(
    [
        Region("weights", 0, 0x1200, striped=True, writable=False),
        Region("cache", 0x1200, 0x400, striped=True, writable=True),
        Region("tokens", 0x1600, 0x100, striped=False, writable=True),
        Region("constants", 0x2000, 0x100, striped=False, writable=False),
    ]
)

HALT = System(Opcode.SYS, operation=Scalar.HALT)


def sys(operation: Scalar, destination: int = 0, a: int = 0, b: int = 0, **fields: Any) -> System:
    return System(Opcode.SYS, operation=operation, destination=destination, a=a, b=b, **fields)


def add(destination: int, a: int, immediate: int, b: int = 0, **fields: Any) -> System:
    return sys(Scalar.ADD, destination, a, b, immediate=immediate, **fields)


def loop(body: Sequence[Instruction], times: int = 0, register: int = 0) -> list[Instruction]:
    """A loop of `R[register] + times` trips."""
    return [sys(Scalar.LOOP, a=register, immediate=times, length=len(body)), *body]


def nop(**fields: Any) -> System:
    return add(0, 0, 0, **fields)


def fence(unit: Unit, wait: tuple[Unit, ...] = (), release: tuple[Unit, ...] = ()) -> System:
    return sys(Scalar.FENCE, target=unit, wait=mask(*wait), release=mask(*release))


def mask(*units: Unit) -> int:
    return sum(1 << unit.value for unit in units)


PRODUCT: dict[str, Any] = {
    "stride": 72,
    "tiles": Count(2),
    "groups": Count(2),
    "format": FormatField.of(Q4_0),
    "tile_rows": TileRows.R16,
    "inner": 1,
}
"""Two tiles of 16 rows a lane, two groups."""


def mv(**fields: Any) -> Multiply:
    """A sound matrix-vector product."""
    return Multiply(Opcode.MV, **PRODUCT | {"outer": SmallCount(1)} | fields)


def mm(**fields: Any) -> Multiply:
    """A sound matrix-matrix product of four vectors."""
    return Multiply(Opcode.MM, **PRODUCT | {"outer": SmallCount(4)} | fields)


def load(**fields: Any) -> Load:
    """A sound load of 16 constants."""
    sound: dict[str, Any] = {"address": Address(0x2000), "rows": SmallCount(1), "length": Count(16)}
    return Load(Opcode.LD, **sound | fields)


def store(**fields: Any) -> Store:
    """A sound store of 16 words."""
    sound: dict[str, Any] = {"address": Address(0x1600), "rows": SmallCount(1), "length": Count(16)}
    return Store(Opcode.ST, **sound | fields)


def misc(**fields: Any) -> Vector:
    """A sound copy of 16 words."""
    sound: dict[str, Any] = {"outer": SmallCount(1), "inner": 1, "length": Count(16)}
    return Vector(Opcode.MISC, **sound | fields)


def program(*instructions: Instruction, arguments: tuple[Argument, ...] = ()) -> Program:
    """A program; its HALT is added."""
    return Program((*instructions, HALT), arguments)


def argument(register: int, low: int, high: int) -> Argument:
    return Argument(f"argument {register}", register, low, high, "an argument")


def accepted(
    *instructions: Instruction,
    arguments: tuple[Argument, ...] = (),
    config: AcceleratorConfig = CONFIG,
) -> Report:
    return verify(program(*instructions, arguments=arguments), MEMORY, config)


def refused(
    *instructions: Instruction,
    because: str,
    arguments: tuple[Argument, ...] = (),
    config: AcceleratorConfig = CONFIG,
) -> None:
    """The whole sentence must be as expected."""
    with pytest.raises(ProgramError) as caught:
        accepted(*instructions, arguments=arguments, config=config)
    assert str(caught.value) == because
