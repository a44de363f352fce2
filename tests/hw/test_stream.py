"""Streams: packed and unpacked, and read by hand from the module's description."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from wingbeat.hw.arithmetic.half import decode_half
from wingbeat.hw.errors import ConfigError, EncodingError
from wingbeat.hw.formats import (
    KEY_CACHE,
    Q4_0,
    Q8_0,
    SPARSE_COUNTS,
    VALUE_CACHE,
    CodedMatrix,
    ScaleKind,
    WeightFormat,
)
from wingbeat.hw.stream import TILE_ROWS, TileLayout, Unpacked, rows_of_tile

Ints = npt.NDArray[np.int64]


def formats() -> list[WeightFormat]:
    found = []
    for bits, group, kind, sparse in itertools.product(
        range(2, 9), (32, 64, 128), ScaleKind, (False, True)
    ):
        try:
            found.append(WeightFormat(bits, group, kind, sparse))
        except ConfigError:
            continue
    return found


def random_matrix(
    fmt: WeightFormat, rows: int, columns: int, kept: Ints, height: int, seed: int = 0
) -> CodedMatrix:
    """Codes over the whole range, finite scales; patterns with the N of each tile of `height`."""
    rng = np.random.default_rng(seed)
    low, high = fmt.code_range
    unsigned = fmt.scale is ScaleKind.SCALE_MIN
    codes = rng.integers(low, high + 1, (rows, columns))
    masks = None
    if fmt.sparse:
        order = rng.random((rows // 2, columns // 16, 16)).argsort(axis=-1)
        chosen = order < kept[np.arange(0, rows, 2) // height, None, None]
        masks = (chosen << np.arange(16)).sum(axis=-1).astype(np.uint16)
        codes *= np.repeat(chosen.reshape(rows // 2, columns), 2, axis=0)
    grouped = (rows, columns // fmt.group)
    halves = rng.integers(0, 0x7C00, (2, *grouped)).astype(np.uint16)
    return CodedMatrix(
        fmt,
        codes.astype(np.uint8) if unsigned else codes.astype(np.int8),
        None if fmt.scale is ScaleKind.NONE else halves[0],
        halves[1] if unsigned else None,
        masks,
    )


def unpack(layout: TileLayout, stream: npt.NDArray[np.uint8], groups: int, kept: Ints) -> Unpacked:
    """Tile by tile, as the N of each header says; between them, nothing."""
    tiles = []
    stride = 16 * layout.sparse_stride(groups, kept)
    for at, count in zip(range(0, stream.shape[1], stride), kept.tolist(), strict=True):
        size = layout.tile_beats(groups, count)
        lanes = layout.from_ports(stream[:, at:], 1, size, layout.lane_beats(groups, count))
        assert not stream[:, at + 16 * size : at + stride].any()
        if layout.format.sparse:
            assert (lanes[:, :, 0] == count).all()
            assert not lanes[:, :, 1:16].any()
        tiles.append(layout.unpack(lanes, groups, count))
    scales = [tile.scales for tile in tiles if tile.scales is not None]
    minima = [tile.minima for tile in tiles if tile.minima is not None]
    return Unpacked(
        np.concatenate([tile.codes for tile in tiles], axis=-1),
        np.concatenate(scales, axis=-1) if scales else None,
        np.concatenate(minima, axis=-1) if minima else None,
    )


@pytest.mark.parametrize("fmt", formats(), ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("rows", TILE_ROWS)
@pytest.mark.parametrize(("lanes", "ports"), [(1, 1), (4, 2), (3, 3)])
def test_what_is_packed_is_unpacked(fmt: WeightFormat, rows: int, lanes: int, ports: int) -> None:
    """Three tiles of different N, the last not full; whole records and a shorter one."""
    layout = TileLayout(fmt, rows, lanes, ports)
    kept = np.array([2, 16, 8] if rows % 8 else [4, 8, 2]) if fmt.sparse else np.full(3, 16)
    height, columns = layout.tile_height, 384 + fmt.group
    count = 3 * height - 2
    matrix = random_matrix(fmt, count, columns, kept, height, seed=rows)
    stream = layout.pack(matrix, kept if fmt.sparse else None)
    found = unpack(layout, stream, columns // 32, kept)

    assert (found.codes[:, :, count:] == 0).all()
    by_row = found.codes[:, :, :count].transpose(2, 0, 1).reshape(count, columns)
    np.testing.assert_array_equal(by_row, matrix.codes.astype(np.int8))
    for got, halves in ((found.scales, matrix.scales), (found.minima, matrix.minima)):
        assert (got is None) == (halves is None)
        if got is not None and halves is not None:
            wanted = np.repeat(decode_half(halves), fmt.group // 32, axis=1).T
            np.testing.assert_array_equal(got[:, :count], wanted)


def by_hand(layout: TileLayout, matrix: CodedMatrix, kept: list[int]) -> list[bytes]:
    """The stream of each port, one bit at a time, from the module's description."""
    fmt = matrix.format
    rows, columns = matrix.shape
    ports: list[list[bytes]] = [[] for _ in range(layout.ports)]
    longest = max(layout.lane_beats(columns // 32, count) for count in kept)
    for tile, count in enumerate(kept):
        lanes = []
        for lane in range(layout.lanes):
            first = (tile * layout.lanes + lane) * layout.rows
            lane_bytes = lane_by_hand(layout, matrix, first, count)
            lanes.append(lane_bytes.ljust(16 * longest, b"\0"))
        share = layout.lanes // layout.ports
        for beat in range(0, len(lanes[0]), 16):
            for lane in range(layout.lanes):
                ports[lane // share].append(lanes[lane][beat : beat + 16])
    assert fmt == layout.format
    assert rows <= len(kept) * layout.tile_height
    assert columns % 32 == 0
    return [b"".join(port) for port in ports]


def to_bytes(fields: list[tuple[int, int]]) -> bytes:
    """(value, width) from the lowest bit up, filled up to a beat."""
    word = position = 0
    for value, width in fields:
        word |= (value & ((1 << width) - 1)) << position
        position += width
    return word.to_bytes(-(-position // 128) * 16, "little")


def lane_by_hand(layout: TileLayout, matrix: CodedMatrix, first: int, kept: int) -> bytes:
    fmt = matrix.format
    groups = matrix.shape[1] // 32
    span = layout.span(kept)
    result = bytes([kept] + [0] * 15) if fmt.sparse else b""
    for start in range(0, groups, span):
        record = range(start, min(start + span, groups))
        scales: list[tuple[int, int]] = []
        patterns: list[tuple[int, int]] = []
        codes: list[tuple[int, int]] = []
        if matrix.scales is not None:
            for group in sorted({g * 32 // fmt.group for g in record}):
                for row in range(first, first + layout.rows):
                    scales.append((int(matrix.scales[row, group]), 16))
                    if matrix.minima is not None:
                        scales.append((int(matrix.minima[row, group]), 16))
        for group in record:
            for row in range(first, first + layout.rows, 2):
                for window in (2 * group, 2 * group + 1):
                    mask = 0xFFFF if matrix.masks is None else int(matrix.masks[row // 2, window])
                    if matrix.masks is not None:
                        patterns.append((mask, 16))
                    for k in range(16):
                        if mask >> k & 1:
                            for each in (row, row + 1):
                                codes.append((int(matrix.codes[each, window * 16 + k]), fmt.bits))
        result += to_bytes(scales) + to_bytes(patterns) + to_bytes(codes)
    return result


@pytest.mark.parametrize(
    "name",
    ["int4g32", "uint4g32", "int8g32", "raw8", "uint3g64", "int5g128", "int4g32s", "int6g64s"],
)
@pytest.mark.parametrize("rows", [4, 12])
def test_every_byte_lies_where_the_description_says(name: str, rows: int) -> None:
    layout = TileLayout(WeightFormat.parse(name), rows, 4, 2)
    kept = np.array([4, 2])
    matrix = random_matrix(layout.format, 2 * layout.tile_height, 384, kept, layout.tile_height)
    stream = layout.pack(matrix, kept if layout.format.sparse else None)
    assert [port.tobytes() for port in stream] == by_hand(layout, matrix, [4, 2])


@pytest.mark.parametrize("fmt", formats(), ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("rows", TILE_ROWS)
def test_a_span_is_the_smallest_power_of_two_that_ends_on_beats(
    fmt: WeightFormat, rows: int
) -> None:
    layout = TileLayout(fmt, rows, 4, 2)
    for kept in SPARSE_COUNTS if fmt.sparse else (16,):
        span = layout.span(kept)
        halves = {ScaleKind.NONE: 0, ScaleKind.SCALE: 1, ScaleKind.SCALE_MIN: 2}[fmt.scale]

        def ends(groups: int, kept: int = kept, halves: int = halves) -> bool:
            codes = rows * 32 * groups * fmt.bits * (kept if fmt.sparse else 16) // 16
            scales = rows * groups * 32 // fmt.group * halves * 16
            masks = rows // 2 * 2 * groups * 16 if fmt.sparse else 0
            return codes % 128 == 0 and scales % 128 == 0 and masks % 128 == 0

        smallest = fmt.group // 32
        assert span in (1, 2, 4, 8)
        assert span == min((s for s in (1, 2, 4, 8) if s >= smallest and ends(s)), default=8)


@pytest.mark.parametrize("fmt", [KEY_CACHE, VALUE_CACHE], ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("rows", TILE_ROWS)
@pytest.mark.parametrize("groups", [1, 2, 3, 8])
def test_single_elements_are_found_in_a_stream_with_gaps(
    fmt: WeightFormat, rows: int, groups: int
) -> None:
    layout = TileLayout(fmt, rows, 4, 2)
    tiles = 3
    matrix = random_matrix(fmt, tiles * layout.tile_height, groups * 32, np.full(3, 16), 1)
    size = layout.tile_beats(groups)
    stride = size + 5
    stream = np.full((2, tiles * stride * 16), 0xA5, np.uint8)
    spaced = stream.reshape(2, tiles, stride * 16)
    spaced[:, :, : size * 16] = layout.pack(matrix).reshape(2, tiles, -1)
    row, column = np.arange(matrix.shape[0])[:, None], np.arange(groups * 32)[None]
    port, at = layout.locate_codes(row, column, groups, stride)
    np.testing.assert_array_equal(stream[port, at].view(np.int8), matrix.codes)
    if matrix.scales is not None:
        port, at = layout.locate_scales(row, np.arange(groups)[None], stride)
        halves = stream[port, at] + 256 * stream[port, at + 1].astype(np.uint16)
        np.testing.assert_array_equal(halves, matrix.scales)
    lanes = layout.from_ports(stream, tiles, stride, layout.lane_beats(groups))
    codes = layout.unpack(lanes, groups).codes.transpose(2, 0, 1).reshape(matrix.shape)
    np.testing.assert_array_equal(codes, matrix.codes)


@pytest.mark.parametrize("fmt", [Q8_0, VALUE_CACHE], ids=lambda fmt: fmt.name)
def test_minus_128_in_garbage_becomes_minus_127(fmt: WeightFormat) -> None:
    layout = TileLayout(fmt, 4, 1, 1)
    lanes = np.full((1, 1, layout.lane_beats(1) * 16), 0x80, np.uint8)
    assert (layout.unpack(lanes, 1).codes == -127).all()


def test_any_garbage_decodes_to_finite_numbers_in_range() -> None:
    rng = np.random.default_rng(0)
    for fmt in formats():
        layout = TileLayout(fmt, 8, 2, 1)
        for kept in SPARSE_COUNTS if fmt.sparse else (16,):
            size = layout.lane_beats(4, kept) * 16
            found = layout.unpack(rng.integers(0, 256, (1, 2, size)).astype(np.uint8), 4, kept)
            low, high = fmt.code_range
            assert found.codes.min() >= low
            assert found.codes.max() <= high
            for halves in (found.scales, found.minima):
                assert halves is None or np.isfinite(halves).all()


def test_surplus_bits_of_a_pattern_are_ignored_and_surplus_codes_unused() -> None:
    layout = TileLayout(WeightFormat.parse("int8g32s"), 4, 1, 1)
    matrix = random_matrix(layout.format, 4, 128, np.array([4]), 4)
    lanes = layout.pack(matrix, np.array([4])).reshape(1, 1, -1)
    whole = layout.unpack(lanes, 4, 4).codes
    pattern = layout.section(layout.span(4), 4)
    at = 16 + -(-pattern.scales // 16) * 16  # the first window of rows 0 and 1
    for mask, columns in ((0xFFFF, [0, 1, 2, 3]), (0x8001, [0, 15]), (0, [])):
        lanes = lanes.copy()
        lanes[0, 0, at : at + 2] = mask & 255, mask >> 8
        window = layout.unpack(lanes, 4, 4).codes[0, :16, :2]
        stored = [code for code in whole[0, :16, :2].tolist() if code != [0, 0]]
        wanted = np.zeros((16, 2), np.int8)
        wanted[columns] = np.array(stored[: len(columns)]).reshape(-1, 2)
        np.testing.assert_array_equal(window, wanted)


def test_rows_of_a_tile_pad_least_then_are_most() -> None:
    for rows, lanes in itertools.product((1, 16, 24, 48, 64, 100, 576, 1536, 49152), (1, 4, 16)):
        padded = {r: -(-rows // (r * lanes)) * r * lanes for r in TILE_ROWS}
        best = max(r for r in TILE_ROWS if padded[r] == min(padded.values()))
        assert rows_of_tile(rows, lanes) == best


@pytest.mark.parametrize("kept", [[2, 16, 8, 2], [4, 4, 4, 4], [8, 8, 2, 4]])
def test_sparse_tiles_are_as_far_apart_as_the_longest_is_long(kept: list[int]) -> None:
    layout = TileLayout(WeightFormat.parse("int4g32s"), 4, 4, 2)
    counts = np.array(kept)
    matrix = random_matrix(layout.format, 4 * layout.tile_height, 96, counts, layout.tile_height)
    stream = layout.pack(matrix, counts)
    assert layout.sparse_stride(3, counts) == layout.tile_beats(3, max(kept))
    assert stream.shape == (2, 4 * layout.tile_beats(3, max(kept)) * 16)
    assert stream.reshape(2, 4, -1)[:, :, 0].tolist() == [kept, kept]


def test_mistakes_are_refused() -> None:
    layout = TileLayout(Q4_0, 4, 1, 1)
    with pytest.raises(EncodingError, match="int4g32 stream cannot hold a int8g32 matrix"):
        layout.pack(random_matrix(Q8_0, 4, 32, np.array([16]), 4))
    sparse = TileLayout(WeightFormat.parse("int4g32s"), 4, 1, 1)
    matrix = random_matrix(sparse.format, 8, 32, np.array([4, 4]), 4)
    for kept in (None, np.array([4])):
        with pytest.raises(EncodingError, match="needs the N of each of its 2 tiles"):
            sparse.pack(matrix, kept)
    with pytest.raises(EncodingError, match="each pattern of a 8:16 tile must have 8 bits set"):
        sparse.pack(matrix, np.array([4, 8]))
