"""How many DSP slices an accelerator takes: what the architecture says, tested with synthesis.

A chain has 16 slices, which are primitives or, where a multiplier cannot pack, twice as many. Every
other product is left to synthesis, which cuts it into tiles of what one multiplier takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from wingbeat.hw.config import CHAIN_SLICES, AcceleratorConfig
from wingbeat.hw.config import Multiplier as Primitive
from wingbeat.hw.rtl.fp32.format import FRACTION_BITS, SIGNIFICAND_BITS
from wingbeat.hw.rtl.fp32.multiplier import Multiplier, ScaleMultiplier
from wingbeat.hw.rtl.fp32.quantiser import ONE_127TH
from wingbeat.hw.rtl.lane.chain import SUM_BITS
from wingbeat.hw.rtl.lane.packing import packing_of
from wingbeat.hw.rtl.lane.scale_unit import OPERAND_SUM_BITS
from wingbeat.hw.rtl.lane.sections import is_sparse

_SMALLEST_PRODUCT = 9
"""Bits of a product that is worth a multiplier; synthesis makes smaller ones of LUTs."""

_HALF_SIGNIFICAND = 11

SCALE_OF_SIGNIFICAND = ONE_127TH & ((1 << FRACTION_BITS) - 1) | 1 << FRACTION_BITS
"""Of the constant with which the quantiser makes a scale of the largest magnitude."""


@dataclass(frozen=True)
class _Tiles:
    """Unsigned bits of a primitive's operands; `part` of the first one when it is cut."""

    a: int
    part: int
    b: int


_TILES = {
    # 27 x 18 and 25 x 18 signed bits: one is the sign
    Primitive.DSP48E2: _Tiles(26, 17, 17),
    Primitive.DSP48E1: _Tiles(24, 17, 17),
    Primitive.MULT18X18D: _Tiles(18, 18, 18),
}


def product(primitive: Primitive, a: int, b: int) -> int:
    """Return the primitives that multiply `a` with `b` unsigned bits."""
    wide, narrow = max(a, b), min(a, b)
    tiles = _TILES[primitive]
    if narrow < 2 or a + b < _SMALLEST_PRODUCT:
        return 0
    columns = 1 + max(0, math.ceil((wide - tiles.a) / tiles.part))
    return columns * math.ceil(narrow / tiles.b)


def multiplier(primitive: Primitive, b: int = Multiplier.B_BITS) -> int:
    """Return the DSP slices of `fp32.multiplier`, whose second significand has `b` bits."""
    parts = [min(Multiplier.PART_BITS, b - low) for low in range(0, b, Multiplier.PART_BITS)]
    return sum(product(primitive, SIGNIFICAND_BITS, part) for part in parts)


def constant_multiplier(primitive: Primitive, significand: int) -> int:
    """Return those of a multiplier whose second significand is a constant."""
    parts = []
    for low in range(0, SIGNIFICAND_BITS, Multiplier.PART_BITS):
        part = significand >> low & ((1 << Multiplier.PART_BITS) - 1)
        digits = f"{part:b}".strip("0")  # zeros at either end are a shift
        parts.append(product(primitive, SIGNIFICAND_BITS, len(digits)))
    return sum(parts)


def chain(primitive: Primitive) -> int:
    """Return the DSP slices of a chain."""
    return CHAIN_SLICES if packing_of(primitive).taps else 2 * CHAIN_SLICES


def scale_unit(primitive: Primitive) -> int:
    """Return those of `d * I`, `m * A`, and of their sum times the operand's scale."""
    integers = [
        product(primitive, bits, _HALF_SIGNIFICAND) for bits in (SUM_BITS, OPERAND_SUM_BITS)
    ]
    return sum(integers) + multiplier(primitive, ScaleMultiplier.B_BITS)


def lane(config: AcceleratorConfig, primitive: Primitive) -> int:
    """Return those of a lane's chains and scale units."""
    units = 2 if is_sparse(config) else 1
    return config.columns * (chain(primitive) + units * scale_unit(primitive))


def vector_machine(config: AcceleratorConfig, primitive: Primitive) -> int:
    """Return those of each element's two operations, function and quantiser, and of the scale."""
    elements = config.vector_lanes * (2 + 2 + 1) * multiplier(primitive)
    return elements + constant_multiplier(primitive, SCALE_OF_SIGNIFICAND)


def arithmetic(config: AcceleratorConfig, primitive: Primitive) -> int:
    """Return those of all arithmetic: lanes, vector machine, and the scales that LD applies."""
    gather = multiplier(primitive, ScaleMultiplier.B_BITS)
    return config.lanes * lane(config, primitive) + vector_machine(config, primitive) + gather
