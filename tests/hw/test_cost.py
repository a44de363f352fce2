"""Cycles and traffic of single instructions, worked out by hand."""

import dataclasses
from typing import Any

import pytest
from tests.hw.verify.programs import HALT, fence, load, misc, mm, mv, nop, store

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import (
    MATRIX_LATENCY,
    MEMORY_LATENCY,
    REDUCTION_TAIL,
    VECTOR_LATENCY,
    Cost,
    codes_per_cycle,
    cost,
    group_cycles,
    kept_of,
)
from wingbeat.hw.formats import WeightFormat
from wingbeat.hw.isa.instructions import Element, Instruction, LoadKind, Reduce, StoreKind, Unit
from wingbeat.hw.isa.operands import Count, FormatField, SmallCount, TileRows
from wingbeat.hw.sequencer import Registers
from wingbeat.hw.stream import TileLayout

CONFIG = AcceleratorConfig(lanes=4, ports=2)


def price(instruction: Instruction, **fields: Any) -> Cost:
    """The cost on four lanes and two ports, with R[1] = 3."""
    registers = Registers()
    registers[1] = 3
    return cost(instruction, registers.resolve, CONFIG.model_copy(update=fields))


def of(name: str) -> FormatField:
    return FormatField.of(WeightFormat.parse(name))


@pytest.mark.parametrize(
    ("name", "codes"), [("int2", 32), ("int4", 32), ("int5", 25.6), ("int8", 16), ("raw8", 16)]
)
def test_a_lane_decodes_a_beat_but_no_more_than_it_multiplies(name: str, codes: float) -> None:
    assert codes_per_cycle(WeightFormat.parse(name)) == codes


@pytest.mark.parametrize(
    ("name", "kept", "vectors", "columns", "cycles"),
    [
        ("int4", 16, 1, 1, 1),
        ("int8", 16, 1, 1, 2),
        ("int2", 16, 1, 1, 1),
        ("int4s", 16, 1, 1, 1),
        ("int4s", 8, 1, 1, 0.5),
        ("int4s", 2, 1, 1, 0.5),  # two group results a cycle are the limit
        ("int8s", 4, 1, 1, 0.5),
        ("int4", 16, 2, 1, 2),
        ("int4", 16, 3, 1, 4),
        ("int4", 16, 8, 1, 8),
        ("int4", 16, 8, 3, 4),
        ("int8", 16, 2, 1, 2),
        ("int4s", 8, 8, 1, 4),
        ("int4s", 16, 8, 1, 8),
        ("int8s", 8, 2, 2, 1),
        ("int4", 8, 1, 1, 1),  # a dense format has no N
    ],
)
def test_cycles_of_a_group(name: str, kept: int, vectors: int, columns: int, cycles: float) -> None:
    assert group_cycles(WeightFormat.parse(name), kept, vectors, columns) == cycles


def test_the_stride_of_a_sparse_tile_tells_its_n() -> None:
    """Four rows, two groups: header, a beat of scales, one of masks, 1, 2, 4 or 8 of codes."""
    layout = TileLayout(WeightFormat.parse("int4s"), 4, 1, 1)
    found = {stride: kept_of(layout, 2, stride) for stride in range(1, 14)}
    assert [stride for stride, kept in found.items() if kept == 2] == [1, 2, 3, 4]
    assert [stride for stride, kept in found.items() if kept == 4] == [5]
    assert [stride for stride, kept in found.items() if kept == 8] == [6, 7]
    assert [stride for stride, kept in found.items() if kept == 16] == [8, 9, 10, 11, 12, 13]


def test_a_dense_tile_has_no_n_to_tell() -> None:
    assert kept_of(TileLayout(WeightFormat.parse("int4"), 4, 1, 1), 2, 1) == 16


def test_a_matrix_times_a_vector_takes_a_cycle_a_group_and_row() -> None:
    """128 x 576 weights of 4.5 bits: 2 tiles of 16 rows a lane, 18 groups."""
    assert price(mv(groups=Count(18))) == Cost(
        busy=2 * 16 * 18,
        latency=MATRIX_LATENCY + 4,
        stream=128 * 576 * 9 // 16,
        products=128 * 576,
    )


def test_wider_codes_take_longer() -> None:
    found = price(mv(format=of("int8g32"), tile_rows=TileRows.R8, tiles=Count(3), groups=Count(4)))
    assert found.busy == 3 * 8 * 4 * 2
    assert found.stream == 96 * 128 * 17 // 16


def test_a_matrix_times_vectors_takes_them_by_two() -> None:
    found = price(mm(outer=SmallCount(2, 1), inner=3))
    assert found.busy == 2 * 16 * 2 * 2 * 8
    assert found.latency == MATRIX_LATENCY + 64 * 15 // 16
    assert found.products == 128 * 64 * 15
    assert found.stream == 128 * 64 * 9 // 16


def test_a_single_vector_without_packed_rows_takes_as_long_as_two() -> None:
    assert price(mm(outer=SmallCount(1))).busy == 2 * price(mv()).busy


def test_columns_share_the_vectors() -> None:
    assert price(mm(outer=SmallCount(8)), columns=4).busy == 2 * 16 * 2 * 2


def test_a_tile_waits_until_the_one_before_has_drained() -> None:
    """16 rows of four lanes drain four words a cycle; one group is computed in four."""
    few = mv(tile_rows=TileRows.R4, groups=Count(1), tiles=Count(5))
    assert price(few, vector_lanes=16).busy == 5 * 4
    assert price(few, vector_lanes=4).busy == 5 * 4
    slow = mm(tile_rows=TileRows.R4, groups=Count(1), tiles=Count(5), outer=SmallCount(9))
    assert price(slow, vector_lanes=4, columns=8) == Cost(
        busy=5 * 36,
        latency=MATRIX_LATENCY + 36,
        stream=price(slow).stream,
        products=5 * 16 * 32 * 9,
    )


def test_sparse_tiles_cost_what_their_stride_says() -> None:
    """16 rows a lane and a group: 2 beats of scales, 2 of masks, 8 of codes at 8:16."""
    sparse = mv(format=of("int4g32s"), stride=2 * (1 + 2 * 12), tiles=Count(1))
    assert price(sparse).busy == 16
    assert price(sparse).stream == (1 + 2 * 12) * 4 * 16
    assert price(sparse).products == 64 * 64
    # the next tile begins behind a gap, which is read as well
    assert price(dataclasses.replace(sparse, stride=53)).stream == 53 * 2 * 16


@pytest.mark.parametrize(
    "instruction",
    [
        mv(tiles=Count(0)),
        mv(groups=Count(0)),
        mm(outer=SmallCount(0)),
        misc(length=Count(0)),
        misc(outer=SmallCount(0), step=1),
        misc(inner=0),
        load(rows=SmallCount(0)),
        load(length=Count(0), kind=LoadKind.GATHER),
        store(rows=SmallCount(0)),
        store(length=Count(0)),
        nop(),
        HALT,
        fence(Unit.LD),
    ],
)
def test_what_moves_nothing_costs_its_dispatch(instruction: Instruction) -> None:
    assert price(instruction) == Cost(1)


def test_rows_of_the_vector_machine_begin_on_a_new_cycle() -> None:
    rows = misc(outer=SmallCount(0, 1), inner=2, length=Count(33))
    assert price(rows) == Cost(3 * 2 * 3, VECTOR_LATENCY)
    assert price(rows, vector_lanes=4).busy == 3 * 2 * 9


def test_rows_that_grow_are_all_worked_to_the_last() -> None:
    assert price(misc(outer=SmallCount(3), length=Count(31), step=1)).busy == 3 * 3
    assert price(misc(outer=SmallCount(2), length=Count(31), step=1)).busy == 2 * 2
    assert price(misc(outer=SmallCount(1), length=Count(32), step=1)).busy == 2
    assert price(misc(outer=SmallCount(3), length=Count(32))).busy == 3 * 2


@pytest.mark.parametrize("reduce", [Reduce.SUM, Reduce.MAX, Reduce.ARGMAX])
def test_a_reduction_has_a_tail(reduce: Reduce) -> None:
    assert price(misc(reduce=reduce)) == Cost(1, VECTOR_LATENCY + REDUCTION_TAIL)


def test_a_load_takes_a_beat_a_cycle_and_each_row_whole_beats() -> None:
    rows = load(rows=SmallCount(2), length=Count(15, 1))
    assert price(rows) == Cost(10, MEMORY_LATENCY, transfer=160)


def test_halves_load_in_half_the_beats() -> None:
    rows = load(rows=SmallCount(2), length=Count(18), element=Element.F16)
    assert price(rows) == Cost(6, MEMORY_LATENCY, transfer=96)


@pytest.mark.parametrize(
    ("name", "beats"), [("int4g32", 3), ("uint4g32", 3), ("int8g32", 5), ("raw8", 4), ("int3", 3)]
)
def test_a_gather_reads_each_groups_scale_and_pair_of_rows(name: str, beats: int) -> None:
    rows = load(kind=LoadKind.GATHER, format=of(name), rows=SmallCount(0, 1), length=Count(64))
    assert price(rows) == Cost(6 * beats, 2 * MEMORY_LATENCY, transfer=6 * beats * 16)


@pytest.mark.parametrize(
    ("kind", "beats"),
    [
        (StoreKind.VECTOR, 3 * 17),
        (StoreKind.KEYS, 3 * 2 * 5),
        (StoreKind.VALUES, 3 * 33),
        (StoreKind.WORD, 1),
        (StoreKind.PUBLISH, 1),
    ],
)
def test_a_store_takes_a_beat_a_cycle(kind: StoreKind, beats: int) -> None:
    """Three rows of 65 words, or three positions of a head of 64."""
    length = 65 if kind is StoreKind.VECTOR else 64
    found = price(store(kind=kind, rows=SmallCount(0, 1), length=Count(length)))
    assert found == Cost(beats, MEMORY_LATENCY, transfer=16 * beats)
