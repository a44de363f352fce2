"""Operands and the small enumerations of instruction fields."""

import itertools

import pytest

from wingbeat.hw.errors import ConfigError, EncodingError
from wingbeat.hw.formats import ScaleKind, WeightFormat
from wingbeat.hw.isa.operands import (
    Address,
    Count,
    FormatField,
    GroupSize,
    OperandView,
    SmallCount,
    TileRows,
    VectorView,
)
from wingbeat.hw.isa.packed import Packed


def test_widths_are_those_that_instructions_are_built_from() -> None:
    kinds = (Address, Count, SmallCount, VectorView, OperandView, FormatField)
    assert [kind.width() for kind in kinds] == [37, 21, 13, 46, 45, 8]


def test_a_view_is_encoded_from_the_lowest_bit_up() -> None:
    view = VectorView(base=0x8001, register=31, outer=0x1001, inner=0x401, scalar=1)
    assert view.to_bits() == 0x8001 | 31 << 16 | 0x1001 << 21 | 0x401 << 34 | 1 << 45


@pytest.mark.parametrize(
    ("operand", "because"),
    [
        (Address(1 << 32), "`immediate` of Address must be 0 to 4294967295, not 4294967296"),
        (Count(65536), "`immediate` of Count must be 0 to 65535, not 65536"),
        (SmallCount(256), "`immediate` of SmallCount must be 0 to 255, not 256"),
        (SmallCount(-1), "`immediate` of SmallCount must be 0 to 255, not -1"),
        (Count(0, 32), "`register` of Count must be 0 to 31, not 32"),
        (OperandView(inner=2048), "`inner` of OperandView must be 0 to 2047, not 2048"),
    ],
)
def test_what_does_not_fit_its_field_is_refused(operand: Packed, because: str) -> None:
    with pytest.raises(EncodingError) as caught:
        operand.to_bits()
    assert str(caught.value) == because


def test_group_sizes_and_tile_rows_are_numbers_and_back() -> None:
    assert [size.elements for size in GroupSize] == [32, 64, 128, 256]
    assert [GroupSize.of(elements).value for elements in (32, 64, 128, 256)] == [0, 1, 2, 3]
    assert [rows.rows for rows in TileRows] == [4, 8, 12, 16]
    assert [TileRows.of(rows).value for rows in (4, 8, 12, 16)] == [0, 1, 2, 3]


@pytest.mark.parametrize("number", [-4, 0, 1, 6, 31, 33, 96, 512])
def test_no_other_size_is_rounded_to_one(number: int) -> None:
    with pytest.raises(EncodingError) as caught:
        GroupSize.of(number)
    assert str(caught.value) == f"a group must have 32, 64, 128 or 256 elements, not {number}"
    with pytest.raises(EncodingError) as caught:
        TileRows.of(number)
    assert str(caught.value) == f"a tile must have 4, 8, 12 or 16 rows in a lane, not {number}"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("int4g32", 3 | 0 << 3 | 1 << 5),
        ("uint4g64", 3 | 1 << 3 | 2 << 5),
        ("raw8", 7 | 0 << 3 | 0 << 5),
        ("int2g128s", 1 | 2 << 3 | 1 << 5 | 1 << 7),
    ],
)
def test_a_format_is_one_byte(name: str, word: int) -> None:
    weights = WeightFormat.parse(name)
    assert FormatField.of(weights).to_bits() == word
    assert FormatField.from_bits(word).weight_format() == weights


def test_all_256_bytes_are_a_format_or_refused() -> None:
    sound = 0
    for bits, group, scale, sparse in itertools.product(
        range(1, 9), (32, 64, 128, 256), range(4), (False, True)
    ):
        sizes = (32, 64, 128, 256)
        word = bits - 1 | sizes.index(group) << 3 | scale << 5 | sparse << 7
        legal = bits > 1 and group < 256 and scale < 3
        legal = legal and not (scale == 2 and bits == 8)
        legal = legal and (scale != 0 or (group == 32 and not sparse))
        if legal:
            wanted = WeightFormat(bits, group, ScaleKind(scale), sparse)
            assert FormatField.from_bits(word).weight_format() == wanted
            sound += 1
        else:
            with pytest.raises((ConfigError, EncodingError)):
                FormatField.from_bits(word).weight_format()
    assert sound == 7 + 7 * 3 * 2 + 6 * 3 * 2
