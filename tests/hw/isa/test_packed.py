import dataclasses
import enum
import random
import zlib

import pytest
from amaranth.lib import data
from tests.hw.isa.words import PACKED, get, leaves, put, random_word

from wingbeat.hw.errors import EncodingError
from wingbeat.hw.isa.instructions import (
    CLASSES,
    INSTRUCTION_BITS,
    Instruction,
    Load,
    Multiply,
    Opcode,
    Vector,
)
from wingbeat.hw.isa.packed import Packed

every_word = pytest.mark.parametrize("cls", PACKED, ids=lambda cls: cls.__name__)


def generator(cls: type[Packed]) -> random.Random:
    return random.Random(zlib.crc32(cls.__name__.encode()))


@every_word
def test_every_value_of_every_field_survives_and_touches_no_other(cls: type[Packed]) -> None:
    rng = generator(cls)
    word = random_word(cls, rng)
    rest = word.to_bits()
    for leaf in leaves(cls):
        if leaf.path == ("opcode",):
            continue
        for value in leaf.values(rng):
            changed = put(word, leaf.path, value)
            bits = changed.to_bits()
            assert bits & ~leaf.mask == rest & ~leaf.mask, leaf
            assert cls.from_bits(bits) == changed, leaf
            number = value.value if isinstance(value, enum.Enum) else value
            assert bits >> leaf.offset & (1 << leaf.width) - 1 == number, leaf


@every_word
def test_random_words_survive(cls: type[Packed]) -> None:
    rng = generator(cls)
    for _ in range(200):
        word = random_word(cls, rng)
        assert cls.from_bits(word.to_bits()) == word


@every_word
def test_a_value_that_does_not_fit_is_named(cls: type[Packed]) -> None:
    word = random_word(cls, generator(cls))
    for leaf in leaves(cls):
        if issubclass(leaf.kind, enum.Enum):
            continue
        limit = (1 << leaf.width) - 1
        for value in (-1, limit + 1):
            rule = rf"^`{leaf.path[-1]}` of \w+ must be 0 to {limit}, not {value}$"
            with pytest.raises(EncodingError, match=rule):
                put(word, leaf.path, value).to_bits()


@every_word
def test_an_undeclared_member_is_named(cls: type[Packed]) -> None:
    bits = random_word(cls, generator(cls)).to_bits()
    for leaf in leaves(cls):
        if not issubclass(leaf.kind, enum.Enum):
            continue
        declared = {member.value for member in leaf.kind}
        unknown = next((n for n in range(min(1 << leaf.width, 64)) if n not in declared), None)
        if unknown is None:
            continue
        broken = bits & ~leaf.mask | unknown << leaf.offset
        with pytest.raises(
            EncodingError, match=rf"^`{leaf.path[-1]}` of \w+ must be one of .*, not {unknown}$"
        ):
            cls.from_bits(broken)


@every_word
def test_fields_lie_side_by_side_within_the_word(cls: type[Packed]) -> None:
    end = 0
    for slot in cls.slots():
        assert slot.offset == end
        end += slot.width
    assert end <= cls.width()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_bits_behind_the_fields_must_be_zero(cls: type[Packed]) -> None:
    assert cls.width() == INSTRUCTION_BITS
    bits = random_word(cls, generator(cls)).to_bits()
    used = cls.slots()[-1].offset + cls.slots()[-1].width
    for bit in {used, INSTRUCTION_BITS - 1, INSTRUCTION_BITS}:
        with pytest.raises(EncodingError, match=f"^unused bits of {cls.__name__} must be 0, not "):
            cls.from_bits(bits | 1 << bit)


@every_word
def test_amaranth_decodes_what_the_codec_encodes(cls: type[Packed]) -> None:
    layout = cls.layout()
    assert layout.size == cls.width()
    rng = generator(cls)
    for _ in range(20):
        word = random_word(cls, rng)
        const = data.Const(layout, word.to_bits())
        for leaf in leaves(cls):
            seen = const
            for name in leaf.path:
                seen = seen[name]
            assert seen == get(word, leaf.path), leaf


@pytest.mark.parametrize(
    ("cls", "opcode"), [(Load, Opcode.SYS), (Multiply, Opcode.LD), (Vector, Opcode.ST)]
)
def test_an_instruction_of_another_class_is_no_word_of_this_one(
    cls: type[Instruction], opcode: Opcode
) -> None:
    word = random_word(cls, generator(cls))
    with pytest.raises(
        EncodingError, match=f"^`opcode` of {cls.__name__} must be .*, not {opcode.name}$"
    ):
        dataclasses.replace(word, opcode=opcode)
