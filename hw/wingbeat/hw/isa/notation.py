"""How operands are written in disassembly.

`m[...]` is a place in memory in beats and `w[...]` one in words, `v[...]` in the vector memory in
granules, `o[...]` in the operand memory in groups; strides follow a semicolon, outer first. `.s`
marks a scalar: one word for all elements, or a granule for each result.
"""

from __future__ import annotations

from wingbeat.hw.errors import ConfigError
from wingbeat.hw.isa.operands import (
    Address,
    Count,
    FormatField,
    OperandView,
    SmallCount,
    VectorView,
)
from wingbeat.hw.isa.program import WORD

_HEXADECIMAL_FROM = 256
"""Numbers from here on are places rather than counts."""

_NEGATIVE_FROM = WORD - 0xFFFF
"""Immediates from here on are written as the negative numbers that they act as."""


def place(number: int) -> str:
    """Return a place: decimal while small."""
    return str(number) if number < _HEXADECIMAL_FROM else f"{number:#x}"


def affine(immediate: str, register: int) -> str:
    """Return `12`, `r3` or `12+r3`."""
    if not register:
        return immediate
    return f"r{register}" if immediate == "0" else f"{immediate}+r{register}"


def count(operand: Count | SmallCount) -> str:
    """Return a count."""
    return affine(str(operand.immediate), operand.register)


def beats(operand: Address) -> str:
    """Return a place in memory, in beats."""
    return f"m[{affine(place(operand.immediate), operand.register)}]"


def words(operand: Address) -> str:
    """Return a place in memory, in words of 4 bytes."""
    return f"w[{affine(place(operand.immediate), operand.register)}]"


def vector(view: VectorView) -> str:
    """Return a view of the vector memory."""
    return f"v[{_view(view)}]{'.s' if view.scalar else ''}"


def operand(view: OperandView | VectorView) -> str:
    """Return a view of the operand memory."""
    return f"o[{_view(view)}]"


def weights(field: FormatField) -> str:
    """Return a format's name, or the raw fields of one that no lane decodes."""
    try:
        return field.weight_format().name
    except ConfigError:
        return f"format {field.to_bits():#x}"


def signed(immediate: int) -> str:
    """Return a 32-bit constant; one close to 2**32 as the negative number that it acts as."""
    return str(immediate - WORD - 1) if immediate >= _NEGATIVE_FROM else place(immediate)


def _view(view: VectorView | OperandView) -> str:
    text = affine(place(view.base), view.register)
    if view.outer or view.inner:
        text += f"; {view.outer},{view.inner}"
    return text
