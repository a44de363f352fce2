"""Weight formats: names, sizes, ranges; coded matrices and what they mean."""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from wingbeat.hw.errors import ConfigError, EncodingError
from wingbeat.hw.formats import (
    KEY_CACHE,
    Q4_0,
    Q4_1,
    Q8_0,
    SPARSE_COUNTS,
    VALUE_CACHE,
    CodedMatrix,
    ScaleKind,
    WeightFormat,
)

NAMES = [
    *(f"int{b}g{g}{s}" for b in range(2, 9) for g in (32, 64, 128) for s in ("", "s")),
    *(f"uint{b}g{g}{s}" for b in range(2, 8) for g in (32, 64, 128) for s in ("", "s")),
    *(f"raw{b}" for b in range(2, 9)),
]


def test_the_formats_are_these_and_no_others() -> None:
    built = []
    for bits, group, kind, sparse in itertools.product(
        range(10), (0, 16, 32, 48, 64, 96, 128, 256), ScaleKind, (False, True)
    ):
        try:
            built.append(WeightFormat(bits, group, kind, sparse).name)
        except ConfigError:
            continue
    assert sorted(built) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_parsed_to_the_format_that_has_it(name: str) -> None:
    assert WeightFormat.parse(name).name == name


def test_a_name_says_what_it_means() -> None:
    found = WeightFormat.parse("uint3g64s")
    assert (found.bits, found.group, found.scale, found.sparse) == (3, 64, ScaleKind.SCALE_MIN, 1)
    assert WeightFormat.parse("raw8").scale is ScaleKind.NONE
    assert WeightFormat.parse("int5").scale is ScaleKind.SCALE


def test_a_window_keeps_a_power_of_two() -> None:
    assert SPARSE_COUNTS == (2, 4, 8, 16)


def test_the_group_may_be_left_out() -> None:
    assert WeightFormat.parse("int4") == WeightFormat.parse("int4g32")
    assert WeightFormat.parse("uint4s") == WeightFormat.parse("uint4g32s")


def test_gguf_and_cache_formats_have_their_names() -> None:
    known = (Q4_0, Q4_1, Q8_0, KEY_CACHE, VALUE_CACHE)
    assert [fmt.name for fmt in known] == ["int4g32", "uint4g32", "int8g32", "int8g32", "raw8"]


@pytest.mark.parametrize(
    "name", ["", "int", "int1", "int9", "int44", "int4g16", "int4g256", "INT4", " int4", "int4\n"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        WeightFormat.parse(name)
    assert str(caught.value) == (
        f"weight format must look like int4, uint4g32 or int8g128s, not `{name}`"
    )


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ((1,), "`bits` of a weight format must be 2 to 8, not 1"),
        ((9,), "`bits` of a weight format must be 2 to 8, not 9"),
        ((4, 48), "`group` of a weight format must be 32, 64 or 128, not 48"),
        ((4, 64, ScaleKind.NONE), "a format without scales must be dense with `group` 32"),
        ((4, 32, ScaleKind.NONE, True), "a format without scales must be dense with `group` 32"),
        (
            (8, 32, ScaleKind.SCALE_MIN),
            "`bits` of a format with a minimum must be at most 7, not 8: "
            "an unsigned 8-bit code does not fit the signed DSP operand",
        ),
    ],
)
def test_a_combination_that_no_lane_decodes_is_refused(
    fields: tuple[Any, ...], because: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        WeightFormat(*fields)
    assert str(caught.value) == because


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("int2", -2, 1),
        ("int4", -8, 7),
        ("int7", -64, 63),
        ("int8", -127, 127),
        ("raw8", -127, 127),
        ("raw4", -8, 7),
        ("uint2", 0, 3),
        ("uint7", 0, 127),
    ],
)
def test_codes_are_what_the_bits_hold_without_minus_128(name: str, low: int, high: int) -> None:
    assert WeightFormat.parse(name).code_range == (low, high)


@pytest.mark.parametrize(
    ("name", "kept", "bits"),
    [
        ("int4g32", 16, 4.5),
        ("uint4g32", 16, 5),
        ("int8g32", 16, 8.5),
        ("raw8", 16, 8),
        ("int4g128", 16, 4.125),
        ("uint2g64", 16, 2.5),
        ("int4g32s", 16, 5),
        ("int4g32s", 8, 3),
        ("int8g64s", 4, 2.75),
        ("int4g32", 8, 4.5),
    ],
)
def test_stored_bits_count_scales_and_patterns(name: str, kept: int, bits: float) -> None:
    assert WeightFormat.parse(name).bits_per_weight(kept) == bits


def test_scales_and_minima_are_halves() -> None:
    names = ("raw4", "int4", "uint4")
    assert [WeightFormat.parse(name).scale_bytes for name in names] == [0, 2, 4]


def halves(*shape: int) -> Any:
    return np.full(shape, 0x3C00, np.uint16)


def parts(name: str, rows: int = 3, columns: int = 128) -> dict[str, Any]:
    """The arrays of a sound matrix."""
    fmt = WeightFormat.parse(name)
    unsigned = name.startswith("u")
    codes = np.zeros((rows, columns), np.uint8 if unsigned else np.int8)
    found: dict[str, Any] = {"format": fmt, "codes": codes}
    if fmt.scale is not ScaleKind.NONE:
        found["scales"] = halves(rows, columns // fmt.group)
    if unsigned:
        found["minima"] = halves(rows, columns // fmt.group)
    if fmt.sparse:
        found["masks"] = halves(-(-rows // 2), columns // 16)
    return found


@pytest.mark.parametrize("name", ["raw8", "int4g32", "uint4g64", "int8g128s", "uint2g32s"])
def test_a_sound_matrix_has_its_shape(name: str) -> None:
    assert CodedMatrix(**parts(name)).shape == (3, 128)


@pytest.mark.parametrize(
    ("name", "part", "array", "because"),
    [
        ("int4g32", "scales", None, "(3, 4), not none"),
        ("int4g32", "scales", halves(3, 3), "(3, 4), not (3, 3)"),
        ("int4g64", "scales", halves(3, 4), "(3, 2), not (3, 4)"),
        ("int4g32", "minima", halves(3, 4), "none, not (3, 4)"),
        ("uint4g32", "minima", None, "(3, 4), not none"),
        ("raw8", "scales", halves(3, 4), "none, not (3, 4)"),
        ("int4g32", "masks", halves(2, 8), "none, not (2, 8)"),
        ("int4g32s", "masks", None, "(2, 8), not none"),
        ("int4g32s", "masks", halves(1, 8), "(2, 8), not (1, 8)"),
    ],
)
def test_a_part_that_is_missing_surplus_or_misshapen_is_named(
    name: str, part: str, array: Any, because: str
) -> None:
    with pytest.raises(EncodingError) as caught:
        CodedMatrix(**parts(name) | {part: array})
    assert str(caught.value) == f"`{part}` of a {name} matrix of 3 x 128 must be {because}"


def test_columns_must_be_whole_groups() -> None:
    with pytest.raises(EncodingError) as caught:
        CodedMatrix(**parts("int4g64", columns=96))
    assert str(caught.value) == "columns of a int4g64 matrix must be a multiple of 64, not 96"


@pytest.mark.parametrize("name", ["raw8", "int4g32", "int8g64", "uint4g128", "uint7g32"])
def test_a_value_is_scale_times_code_plus_minimum_rounded_once(name: str) -> None:
    fmt = WeightFormat.parse(name)
    rng = np.random.default_rng(1)
    sound = parts(name, rows=2, columns=256)
    low, high = fmt.code_range
    sound["codes"] = rng.integers(low, high + 1, (2, 256)).astype(sound["codes"].dtype)
    for part in {"scales", "minima"} & set(sound):
        sound[part] = rng.integers(0x1000, 0x6000, sound[part].shape).astype(np.uint16)
    values = CodedMatrix(**sound).values()

    def half(part: str, row: int, column: int, default: int) -> Fraction:
        if part not in sound:
            return Fraction(default)
        pattern = int(sound[part][row, column // fmt.group])
        return Fraction(1024 + pattern % 1024) * Fraction(2) ** ((pattern >> 10) - 25)

    for row, column in itertools.product(range(2), range(256)):
        scaled = half("scales", row, column, 1) * int(sound["codes"][row, column])
        # a product of 11 and 8 bits is exact in FP32, so the sum is the one rounding
        exact = scaled + half("minima", row, column, 0)
        assert values[row, column] == np.float32(float(exact))
