"""Packed words and their fields, for tests that go through all of them."""

import dataclasses
import enum
import random
from typing import Any, TypeVar

from wingbeat.hw.control import ControlBlock
from wingbeat.hw.isa.instructions import CLASSES
from wingbeat.hw.isa.packed import Packed

Word = TypeVar("Word", bound=Packed)


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A field that is a number or an enumeration, however deep it lies in its word."""

    path: tuple[str, ...]
    kind: type
    offset: int
    width: int

    @property
    def mask(self) -> int:
        return (1 << self.width) - 1 << self.offset

    def values(self, rng: random.Random) -> list[Any]:
        """All values of a narrow field; corners and some others of a wide one."""
        if issubclass(self.kind, enum.Enum):
            return list(self.kind)
        if self.width <= 8:
            return list(range(1 << self.width))
        powers = [1 << bit for bit in range(self.width)]
        others = [rng.getrandbits(self.width) for _ in range(16)]
        return [0, (1 << self.width) - 1, *powers, *others]


def leaves(cls: type[Packed], path: tuple[str, ...] = (), offset: int = 0) -> list[Leaf]:
    """All leaves of a word."""
    found = []
    for slot in cls.slots():
        place, start = (*path, slot.name), offset + slot.offset
        if issubclass(slot.kind, Packed):
            found += leaves(slot.kind, place, start)
        else:
            found.append(Leaf(place, slot.kind, start, slot.width))
    return found


def get(word: Packed, path: tuple[str, ...]) -> Any:
    value: Any = word
    for name in path:
        value = getattr(value, name)
    return value


def put(word: Word, path: tuple[str, ...], value: Any) -> Word:
    """The word with one field changed."""
    first, *rest = path
    if rest:
        value = put(getattr(word, first), tuple(rest), value)
    return dataclasses.replace(word, **{first: value})


def random_word(cls: type[Word], rng: random.Random) -> Word:
    """A word whose fields each have any value of theirs."""
    values: dict[str, Any] = {}
    for slot in cls.slots():
        if slot.name == "opcode":
            values[slot.name] = rng.choice(cls.opcodes)  # type: ignore[attr-defined]
        elif issubclass(slot.kind, Packed):
            values[slot.name] = random_word(slot.kind, rng)
        elif issubclass(slot.kind, enum.Enum):
            values[slot.name] = rng.choice(list(slot.kind))
        else:
            values[slot.name] = rng.getrandbits(slot.width)
    return cls(**values)


def _within(classes: tuple[type[Packed], ...]) -> tuple[type[Packed], ...]:
    kinds = [slot.kind for cls in classes for slot in cls.slots()]
    return tuple(dict.fromkeys(kind for kind in kinds if issubclass(kind, Packed)))


PACKED: tuple[type[Packed], ...] = (*CLASSES, *_within(CLASSES), ControlBlock)
"""Every packed word that is declared."""
