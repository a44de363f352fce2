"""Packed words, declared once as dataclasses.

A field states its shape and its meaning; everything else is derived: the Amaranth layout that
decodes the word in RTL (`layout`), the range-checked encoder (`to_bits`), the decoder
(`from_bits`) and the reference documentation. A plain `data.Struct` would give the layout alone,
untyped in Python and truncating silently; see `docs/decisions.md`.
"""

from __future__ import annotations

import dataclasses
import enum
from functools import cache
from typing import Any, ClassVar, Self, get_type_hints

from amaranth.hdl import Shape, unsigned
from amaranth.lib import data

from wingbeat.hw.errors import EncodingError


def bits(width: int, meaning: str, default: int = 0) -> Any:
    """Declare an unsigned field of `width` bits."""
    return dataclasses.field(default=default, metadata={"width": width, "meaning": meaning})


def nested(kind: type[Packed], meaning: str) -> Any:
    """Declare a field that is itself a packed word."""
    return dataclasses.field(default=kind(), metadata={"meaning": meaning})


def choice(kind: type[enum.Enum], meaning: str) -> Any:
    """Declare a field of an enumeration with a shape; the default is its first member."""
    return dataclasses.field(default=next(iter(kind)), metadata={"meaning": meaning})


@dataclasses.dataclass(frozen=True)
class Slot:
    """Where a field lies in its word: bits `offset` to `offset + width - 1`."""

    name: str
    kind: type
    offset: int
    width: int
    meaning: str


@dataclasses.dataclass(frozen=True)
class Packed:
    """Base of packed words; fields are laid out from bit 0 upwards, in order of declaration."""

    padded_width: ClassVar[int | None] = None
    """Total width when the word is wider than its fields."""

    @classmethod
    def slots(cls) -> tuple[Slot, ...]:
        """Return the fields with their positions."""
        return _slots(cls)  # type: ignore[arg-type]  # mypy mistakes instances' hash for the class's

    @classmethod
    def width(cls) -> int:
        """Bits of the word."""
        last = cls.slots()[-1]
        return cls.padded_width or last.offset + last.width

    @classmethod
    def layout(cls) -> data.FlexibleLayout:
        """Return the Amaranth layout, for `data.View` in RTL."""
        fields = {s.name: data.Field(_shape(s), s.offset) for s in cls.slots()}
        return data.FlexibleLayout(cls.width(), fields)

    def to_bits(self) -> int:
        """Encode; EncodingError names the field, the value and its range."""
        word = 0
        for slot in self.slots():
            value = getattr(self, slot.name)
            if isinstance(value, Packed):
                number = value.to_bits()
            elif isinstance(value, enum.Enum):
                number = int(value.value)
            else:
                number = int(value)
            if not 0 <= number < 1 << slot.width:
                raise EncodingError(
                    f"`{slot.name}` of {type(self).__name__} must be 0 to "
                    f"{(1 << slot.width) - 1}, not {number}"
                )
            word |= number << slot.offset
        return word

    @classmethod
    def from_bits(cls, word: int) -> Self:
        """Decode; EncodingError for an undeclared enumeration value or a set bit of padding."""
        values: dict[str, Any] = {}
        used = 0
        for slot in cls.slots():
            mask = (1 << slot.width) - 1
            used |= mask << slot.offset
            number = word >> slot.offset & mask
            if issubclass(slot.kind, Packed):
                values[slot.name] = slot.kind.from_bits(number)
            elif issubclass(slot.kind, enum.Enum):
                try:
                    values[slot.name] = slot.kind(number)
                except ValueError:
                    names = ", ".join(f"{m.value} {m.name}" for m in slot.kind)
                    raise EncodingError(
                        f"`{slot.name}` of {cls.__name__} must be one of {names}, not {number}"
                    ) from None
            else:
                values[slot.name] = number
        if word & ~used:
            raise EncodingError(f"unused bits of {cls.__name__} must be 0, not {word & ~used:#x}")
        return cls(**values)


def _shape(slot: Slot) -> Any:
    if issubclass(slot.kind, Packed):
        return slot.kind.layout()
    if issubclass(slot.kind, enum.Enum):
        return slot.kind
    return unsigned(slot.width)


@cache
def _slots(cls: type[Packed]) -> tuple[Slot, ...]:
    hints = get_type_hints(cls)
    slots = []
    offset = 0
    for field in dataclasses.fields(cls):
        kind = hints[field.name]
        if issubclass(kind, Packed):
            width = kind.width()
        elif issubclass(kind, enum.Enum):
            width = Shape.cast(kind).width
        else:
            width = field.metadata["width"]
        slots.append(Slot(field.name, kind, offset, width, field.metadata["meaning"]))
        offset += width
    return tuple(slots)
