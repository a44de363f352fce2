"""The reference is up to date, and true: a decoder that knows only its tables agrees."""

import enum
import random
import re
from pathlib import Path
from typing import Any

import pytest
from tests.hw.isa.words import random_word

from wingbeat.hw.isa.instructions import CLASSES, Instruction, decode
from wingbeat.hw.isa.packed import Packed
from wingbeat.hw.isa.reference import reference

DOCUMENT = Path(__file__).parents[3] / "docs" / "isa.md"

_HEADING = re.compile(r"### (\w+)")
_FIELD = re.compile(r"\| `(\w+)` \| (\d+)(?::(\d+))? \| (\d+) \| (?:unsigned|\[(\w+)\].*?) \|")
_MEMBER = re.compile(r"\| (\d+) \| (\w+) \|")

Row = tuple[str, int, int, str | None]


def test_the_committed_reference_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == reference(), (
        "run: python -m wingbeat.hw.isa.reference > docs/isa.md"
    )


@pytest.fixture(scope="module")
def tables() -> tuple[dict[str, list[Row]], dict[str, dict[int, str]]]:
    """Fields by word (name, lowest bit, width, kind), and names by value of each enumeration."""
    words: dict[str, list[Row]] = {}
    enumerations: dict[str, dict[int, str]] = {}
    title = ""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if heading := _HEADING.match(line):
            title = heading[1]
        elif field := _FIELD.match(line):
            name, high, low, width, kind = field.groups()
            assert int(high) - int(low or high) + 1 == int(width)
            words.setdefault(title, []).append((name, int(low or high), int(width), kind))
        elif member := _MEMBER.match(line):
            enumerations.setdefault(title, {})[int(member[1])] = member[2]
    return words, enumerations


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_slicing_by_the_tables_decodes_as_the_codec_does(
    cls: type[Instruction], tables: tuple[dict[str, list[Row]], dict[str, dict[int, str]]]
) -> None:
    words, enumerations = tables

    def sliced(kind: str, word: int) -> Any:
        if kind in enumerations:
            return enumerations[kind][word]
        return {
            name: (sliced(inner, part) if inner else part)
            for name, low, width, inner in words[kind]
            for part in [word >> low & (1 << width) - 1]
        }

    rng = random.Random(7)
    for _ in range(200):
        instruction = random_word(cls, rng)
        assert sliced(cls.__name__, instruction.to_bits()) == plain(instruction)


def plain(word: Packed) -> dict[str, Any]:
    """A word as a dictionary of numbers and names."""
    result: dict[str, Any] = {}
    for slot in word.slots():
        value = getattr(word, slot.name)
        if isinstance(value, Packed):
            value = plain(value)
        elif isinstance(value, enum.Enum):
            value = value.name
        result[slot.name] = value
    return result


def test_every_class_is_decoded_by_its_opcodes() -> None:
    rng = random.Random(8)
    for cls in CLASSES:
        seen = set()
        for _ in range(50):
            instruction = random_word(cls, rng)
            if cls.__name__ in ("Load", "Multiply"):  # formats that a lane decodes
                bits = instruction.to_bits()
                field = next(slot for slot in cls.slots() if slot.name == "format")
                bits = bits & ~(0xFF << field.offset) | 0b0_01_00_011 << field.offset
                instruction = cls.from_bits(bits)
            seen.add(instruction.opcode)
            assert decode(instruction.to_bits()) == instruction
        assert seen == set(cls.opcodes)
