"""LD and ST against byte by byte descriptions of memory."""

from typing import Any

import numpy as np
import pytest
from tests.sim.isa.units import CONFIG, Parts

from wingbeat.hw.formats import KEY_CACHE, VALUE_CACHE, CodedMatrix, WeightFormat
from wingbeat.hw.isa.instructions import Element, Load, LoadKind, Opcode, Store, StoreKind
from wingbeat.hw.isa.operands import (
    Address,
    Count,
    FormatField,
    OperandView,
    SmallCount,
    TileRows,
    VectorView,
)
from wingbeat.hw.stream import TileLayout

PLAIN, CACHE, WEIGHTS = 0x2000, 0x1000, 0x100
"""First beats of regions."""


def load(parts: Parts, **fields: Any) -> None:
    plain: dict[str, Any] = {"rows": SmallCount(1), "destination": VectorView(0)}
    parts.transfer.load(Load(Opcode.LD, **plain | fields), parts.registers)


def store(parts: Parts, **fields: Any) -> None:
    plain: dict[str, Any] = {"rows": SmallCount(1)}
    parts.transfer.store(Store(Opcode.ST, **plain | fields), parts.registers)


def plain_bytes(parts: Parts) -> Any:
    return parts.memory.region("plain")[0]


# ---- LD -----------------------------------------------------------------------------------


def test_rows_of_words_come_with_their_strides() -> None:
    parts = Parts()
    values = np.random.default_rng(2).normal(size=(3, 7)).astype(np.float32)
    for row in range(3):
        start = 16 * (5 + 4 * row)
        plain_bytes(parts)[start : start + 28] = values[row].view(np.uint8)
    parts.registers[2], parts.registers[3] = 2, 4
    before = parts.vectors.words.copy()
    load(parts, address=Address(PLAIN + 3, 2), stride=4, rows=SmallCount(3), length=Count(3, 3),
         destination=VectorView(1, outer=2))  # fmt: skip
    for row in range(3):
        assert parts.get(1 + 2 * row, 7).tolist() == values[row].tolist()
        behind = slice(16 * (1 + 2 * row) + 7, 16 * (3 + 2 * row))
        assert parts.vectors.words[behind].tobytes() == before[behind].tobytes()


def test_subnormals_become_zeros_and_nans_one_nan() -> None:
    parts = Parts()
    words = np.array([0x00400000, 0x807FFFFF, 0x00800000, 0xFF800001, 0x7F800000], np.uint32)
    plain_bytes(parts)[:20] = words.view(np.uint8)
    load(parts, address=Address(PLAIN), length=Count(5))
    found = parts.get(0, 5).view(np.uint32).tolist()
    assert found == [0, 0x80000000, 0x00800000, 0x7FC00000, 0x7F800000]
    assert plain_bytes(parts)[:20].tobytes() == words.tobytes()


@pytest.mark.parametrize("length", [6, 7])
def test_halves_take_two_bytes(length: int) -> None:
    parts = Parts()
    halves = np.array([1.5, -2.0, 0.0, 65504.0, -0.25, 2.0**-24, 3.0], np.float16)
    plain_bytes(parts)[16:30] = halves.view(np.uint8)
    load(parts, element=Element.F16, address=Address(PLAIN + 1), length=Count(length))
    assert parts.get(0, length).tolist() == [float(x) for x in halves[:length]]


@pytest.mark.parametrize("fields", [{"rows": SmallCount(0), "length": Count(4)},
                                    {"length": Count(0)}])  # fmt: skip
def test_nothing_to_load_writes_nothing(fields: dict[str, Any]) -> None:
    parts = Parts()
    before = parts.vectors.words.tobytes()
    load(parts, address=Address(PLAIN), **fields)
    assert parts.vectors.words.tobytes() == before


@pytest.mark.parametrize("name", ["int8", "int4", "uint4"])
def test_a_gather_decodes_the_rows_of_a_list(name: str) -> None:
    rng = np.random.default_rng(4)
    kind = WeightFormat.parse(name)
    low, high = kind.code_range
    numbers = rng.integers(low, high + 1, (40, 64))
    codes = numbers.astype(np.uint8) if low == 0 else numbers.astype(np.int8)
    scales = rng.random((40, 2)).astype(np.float16)
    minima = -scales if low == 0 else None
    coded = CodedMatrix(
        kind, codes, scales.view(np.uint16), None if minima is None else minima.view(np.uint16)
    )
    parts = Parts(TileLayout(kind, 4, CONFIG.lanes, CONFIG.ports).pack(coded))
    indices = [39, 0, 17, 16, -5, 40, 0x7FFFFFFF]
    parts.memory.words(PLAIN * 4 + 3, 7).view(np.int32)[:] = indices
    load(parts, kind=LoadKind.GATHER, address=Address(WEIGHTS), rows=SmallCount(7),
         length=Count(64), destination=VectorView(2, outer=5), list=Address(PLAIN * 4 + 3),
         format=FormatField.of(kind), tile_rows=TileRows.R4, last=39)  # fmt: skip
    for row, index in enumerate([39, 0, 17, 16, 0, 39, 39]):
        wanted = [
            float(
                np.float32(int(codes[index, k]) * float(scales[index, k // 32]))
                + (0 if minima is None else np.float32(minima[index, k // 32]))
            )
            for k in range(64)
        ]
        assert parts.get(2 + 5 * row, 64).tolist() == wanted


# ---- ST -----------------------------------------------------------------------------------


def test_rows_of_words_go_with_their_strides() -> None:
    parts = Parts()
    wanted = plain_bytes(parts).copy()
    for row in range(3):
        values = parts.vectors.words[16 * (4 + 3 * row) : 16 * (4 + 3 * row) + 9]
        start = 16 * (2 + 5 * row)
        wanted[start : start + 36] = values.view(np.uint8)
    store(parts, kind=StoreKind.VECTOR, address=Address(PLAIN + 2), stride=5, rows=SmallCount(3),
          length=Count(9), vector=VectorView(4, outer=3))  # fmt: skip
    # garbage, NaNs of any kind included, is stored bit for bit
    assert plain_bytes(parts).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("kind", [StoreKind.WORD, StoreKind.PUBLISH])
def test_a_register_goes_to_one_word(kind: StoreKind) -> None:
    parts = Parts()
    parts.registers[9] = 0xFEDCBA98
    wanted = plain_bytes(parts).copy()
    wanted[28:32] = [0x98, 0xBA, 0xDC, 0xFE]
    store(parts, kind=kind, list=Address(PLAIN * 4 + 7), position=9, length=Count(64))
    assert plain_bytes(parts).tobytes() == wanted.tobytes()


@pytest.mark.parametrize(("head", "tail", "full"), [
    (4, 0, False), (5, 0, True), (5, 1, False), (0, 0, False),
    (2, 0xFFFFFFFE, False), (3, 0xFFFFFFFE, True),
])  # fmt: skip
def test_a_ring_is_full_when_the_next_head_is_too_far(head: int, tail: int, full: bool) -> None:
    """`head` is what will be written: entries published, this one included."""
    parts = Parts()
    parts.registers[9] = head
    parts.memory.words(PLAIN * 4 + 1, 1)[0] = tail
    publish = Store(
        Opcode.ST, kind=StoreKind.PUBLISH, list=Address(PLAIN * 4), position=9, length=Count(4)
    )
    assert parts.transfer.ring_full(publish, parts.registers) is full


def operands(parts: Parts, positions: int, groups: int) -> tuple[Any, Any]:
    """Codes (positions, columns), and scales that are halves (positions, groups)."""
    rng = np.random.default_rng(6)
    view = parts.operands.view(OperandView(3, outer=9), parts.registers, positions, 1, groups)
    view.codes[...] = rng.integers(-127, 128, view.codes.shape)
    view.scales[...] = rng.random(view.scales.shape).astype(np.float16)
    return view.codes.reshape(positions, -1).copy(), view.scales[:, 0].copy()


@pytest.mark.parametrize(("first", "count"), [(0, 1), (0, 8), (13, 8), (31, 3)])
def test_keys_become_rows_of_a_stream(first: int, count: int) -> None:
    """The stream that the compiler's packer would have made of the same matrix."""
    parts = Parts()
    parts.memory.region("cache")[...] = 0
    codes, scales = operands(parts, count, 2)
    parts.registers[5] = first
    store(parts, kind=StoreKind.KEYS, address=Address(CACHE + 7), rows=SmallCount(count),
          length=Count(64), operand=OperandView(3, outer=9), tile_rows=TileRows.R4,
          position=5)  # fmt: skip
    rows = np.zeros((first + count, 64), np.int8)
    rows[first:] = codes
    halves = np.zeros((first + count, 2), np.float16)
    halves[first:] = scales
    layout = TileLayout(KEY_CACHE, 4, CONFIG.lanes, CONFIG.ports)
    packed = layout.pack(CodedMatrix(KEY_CACHE, rows, halves.view(np.uint16)))
    wanted = np.zeros_like(parts.memory.region("cache"))
    wanted[:, 112 : 112 + packed.shape[1]] = packed
    assert parts.memory.region("cache").tobytes() == wanted.tobytes()


@pytest.mark.parametrize(("first", "count"), [(0, 1), (0, 8), (29, 8), (63, 1)])
def test_values_become_columns_of_a_stream(first: int, count: int) -> None:
    parts = Parts()
    parts.memory.region("cache")[...] = 0
    plain_bytes(parts)[:] = 0
    codes, scales = operands(parts, count, 1)
    scales = scales[:, 0]
    layout = TileLayout(VALUE_CACHE, 4, CONFIG.lanes, CONFIG.ports)
    stride = layout.tile_beats(4)  # room for 128 positions
    parts.registers[5] = first
    store(parts, kind=StoreKind.VALUES, address=Address(CACHE), stride=stride,
          rows=SmallCount(count), length=Count(32), operand=OperandView(3, outer=9),
          tile_rows=TileRows.R4, list=Address(PLAIN + 1), position=5)  # fmt: skip
    columns = np.zeros((32, 128), np.int8)
    columns[:, first : first + count] = codes.T
    packed = layout.pack(CodedMatrix(VALUE_CACHE, columns))
    wanted = np.zeros_like(parts.memory.region("cache"))
    wanted[:, : packed.shape[1]] = packed
    assert parts.memory.region("cache").tobytes() == wanted.tobytes()
    halves = np.zeros(0x1000 // 2, np.uint16)
    halves[8 + first : 8 + first + count] = scales.astype(np.float16).view(np.uint16)
    assert plain_bytes(parts).tobytes() == halves.tobytes()


@pytest.mark.parametrize("kind", [StoreKind.VECTOR, StoreKind.KEYS, StoreKind.VALUES])
@pytest.mark.parametrize("fields", [{"rows": SmallCount(0), "length": Count(32)},
                                    {"length": Count(0)}])  # fmt: skip
def test_nothing_to_store_writes_nothing(kind: StoreKind, fields: dict[str, Any]) -> None:
    parts = Parts()
    before = [parts.memory.region(name).tobytes() for name in ("cache", "plain")]
    store(parts, kind=kind, address=Address(CACHE), **fields)
    assert [parts.memory.region(name).tobytes() for name in ("cache", "plain")] == before
