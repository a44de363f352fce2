"""Cycles and traffic of single instructions, worked out by hand."""

import dataclasses
from typing import Any

import pytest
from tests.hw.verify.programs import HALT, fence, load, misc, mm, mv, nop, store, sys

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import (
    COMBINE_LATENCY,
    DIVISION,
    DRAIN_LATENCY,
    FUNCTION_LATENCY,
    MEMORY_LATENCY,
    QUANTISER_LATENCY,
    REQUEST_LATENCY,
    RESULT_LATENCY,
    STRAND_LATENCY,
    VECTOR_OVERHEAD,
    Cost,
    codes_per_cycle,
    cost,
    dispatch,
    drain_cycles,
    element_latency,
    group_cycles,
    kept_of,
    loading,
    takes_twins,
)
from wingbeat.hw.formats import WeightFormat
from wingbeat.hw.isa.instructions import (
    Combine,
    Destination,
    Element,
    Function,
    Instruction,
    LoadKind,
    Opcode,
    Reduce,
    Scalar,
    StoreKind,
    Unit,
)
from wingbeat.hw.isa.operands import Count, FormatField, GroupSize, SmallCount, TileRows
from wingbeat.hw.sequencer import Registers
from wingbeat.hw.stream import TileLayout

CONFIG = AcceleratorConfig(lanes=4, ports=2)
ANSWER = MEMORY_LATENCY + REQUEST_LATENCY


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


@pytest.mark.parametrize(("kept", "rows", "strands", "columns", "twins"), [
    (4, 16, 1, 2, True), (2, 8, 2, 2, True), (2, 4, 3, 4, True), (8, 16, 1, 2, False),
    (4, 16, 0, 2, False), (4, 12, 1, 2, False), (4, 16, 1, 1, False),
])  # fmt: skip
def test_twins_need_room_in_the_slices_a_column_and_strands(
    kept: int, rows: int, strands: int, columns: int, twins: bool
) -> None:
    config = CONFIG.model_copy(update={"formats": ("int4g32s",), "columns": columns})
    layout = TileLayout(WeightFormat.parse("int4s"), rows, config.lanes, config.ports)
    assert takes_twins(layout, kept, strands, config) is twins


def test_a_pair_of_twins_takes_half_the_time() -> None:
    weights = WeightFormat.parse("int4s")
    assert [group_cycles(weights, kept, 1, 2, twins=True) for kept in (4, 2)] == [0.25, 0.25]


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
    """128 x 576 weights of 4.5 bits: 2 tiles of 16 rows a lane, 18 groups; 16 words drain."""
    assert price(mv(groups=Count(18))) == Cost(
        busy=2 * 16 * 18,
        latency=RESULT_LATENCY + DRAIN_LATENCY + 16,
        stream=128 * 576 * 9 // 16,
        products=128 * 576,
        ahead=512 * 4 * 16 * 9 // 8,
    )


def test_wider_codes_take_longer() -> None:
    found = price(mv(format=of("int8g32"), tile_rows=TileRows.R8, tiles=Count(3), groups=Count(4)))
    assert found.busy == 3 * 8 * 4 * 2
    assert found.stream == 96 * 128 * 17 // 16


def test_a_matrix_times_vectors_takes_them_by_two() -> None:
    found = price(mm(outer=SmallCount(2, 1), inner=3))
    assert found.busy == 2 * 16 * 2 * 2 * 8
    assert found.latency == RESULT_LATENCY + DRAIN_LATENCY + 16 * 15
    assert found.products == 128 * 64 * 15
    assert found.stream == 128 * 64 * 9 // 16


def test_a_single_vector_without_packed_rows_takes_as_long_as_two() -> None:
    assert price(mm(outer=SmallCount(1))).busy == 2 * price(mv()).busy


def test_columns_share_the_vectors() -> None:
    wide = mm(outer=SmallCount(8), groups=Count(18))
    assert price(wide, columns=4).busy == 2 * 16 * 18 * 2


def test_a_tile_waits_until_the_one_before_has_drained() -> None:
    """Four rows of four lanes: a lane reads a word a cycle, and one group is computed in four."""
    few = mv(tile_rows=TileRows.R4, groups=Count(1), tiles=Count(5))
    assert price(few).busy == 4 + 4 * (DRAIN_LATENCY + 4)
    assert price(few, vector_lanes=4).busy == 4 + 4 * (DRAIN_LATENCY + 4)
    slow = mm(tile_rows=TileRows.R4, groups=Count(1), tiles=Count(5), outer=SmallCount(9))
    assert price(slow, vector_lanes=4, columns=8).busy == 8 + 4 * (DRAIN_LATENCY + 36)
    assert price(slow, vector_lanes=16, columns=8).busy == 8 + 4 * (DRAIN_LATENCY + 9)


def test_strands_are_joined_pass_by_pass() -> None:
    layout = TileLayout(WeightFormat.parse("int4"), 8, 4, 1)
    plain = drain_cycles(layout, 1, 0, Opcode.MV, CONFIG)
    assert drain_cycles(layout, 1, 1, Opcode.MV, CONFIG) == plain + 4 * 4 + STRAND_LATENCY
    two = 4 * 4 + 4 * 8 + 2 * STRAND_LATENCY
    assert drain_cycles(layout, 1, 2, Opcode.MV, CONFIG) == plain + two


def test_a_sparse_tile_may_have_less_than_a_beat_of_codes() -> None:
    """2:16 of 4 x 32 weights: 64 bits of codes in 4 beats, with header, scales and patterns."""
    one_lane = {"lanes": 1, "ports": 1}
    rows, format_ = TileRows.R4, of("int4g32s")
    tile = mv(format=format_, tile_rows=rows, stride=4, tiles=Count(1), groups=Count(1))
    assert price(tile, **one_lane).ahead == 512 * 128 // 64 * 4 * 16


def test_sparse_tiles_cost_what_their_stride_says() -> None:
    """16 rows a lane and a group: 2 beats of scales, 2 of masks, 8 of codes at 8:16."""
    sparse = mv(format=of("int4g32s"), stride=2 * (1 + 2 * 12), tiles=Count(1))
    assert price(sparse).busy == 16
    assert price(dataclasses.replace(sparse, groups=Count(20), stride=482)).busy == 160
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


COPY = VECTOR_OVERHEAD + element_latency(Function.IDENTITY, Combine.PASS)


def test_rows_of_the_vector_machine_begin_on_a_new_cycle() -> None:
    rows = misc(outer=SmallCount(0, 1), inner=2, length=Count(33))
    assert price(rows) == Cost(3 * 2 * 3 + COPY)
    assert price(rows, vector_lanes=4).busy == 3 * 2 * 9 + COPY


def test_rows_that_grow_are_all_worked_to_the_last() -> None:
    assert price(misc(outer=SmallCount(3), length=Count(31), step=1)).busy == 3 * 3 + COPY
    assert price(misc(outer=SmallCount(2), length=Count(31), step=1)).busy == 2 * 2 + COPY
    assert price(misc(outer=SmallCount(1), length=Count(32), step=1)).busy == 2 + COPY
    assert price(misc(outer=SmallCount(3), length=Count(32))).busy == 3 * 2 + COPY


def test_what_an_element_does_not_need_takes_no_time() -> None:
    short = element_latency(Function.IDENTITY, Combine.PASS)
    assert element_latency(Function.EXP2, Combine.PASS) == short + FUNCTION_LATENCY
    assert element_latency(Function.IDENTITY, Combine.ADD) == short + COMBINE_LATENCY + 1


def test_a_third_source_takes_a_cycle_more() -> None:
    two = misc(length=Count(64), second=Combine.ADD)
    three = dataclasses.replace(two, first=Combine.MUL)
    assert price(three).busy - price(two).busy == 4


@pytest.mark.parametrize(
    ("reduce", "lanes", "tail"),
    [(Reduce.SUM, 16, 68), (Reduce.SUM, 4, 82), (Reduce.MAX, 16, 6), (Reduce.ARGMAX, 4, 4)],
)
def test_a_reduction_works_128_elements_and_has_a_tail(
    reduce: Reduce, lanes: int, tail: int
) -> None:
    assert price(misc(reduce=reduce), vector_lanes=lanes) == Cost(128 // lanes + COPY + tail)


def test_groups_are_quantised_whole() -> None:
    coded = misc(target=Destination.OPERAND, group=GroupSize.G64, length=Count(65))
    assert price(coded).busy == 8 + COPY + QUANTISER_LATENCY + 8 + 4


def test_a_load_writes_four_words_a_cycle_and_reads_each_row_in_whole_beats() -> None:
    rows = load(rows=SmallCount(2), length=Count(15, 1))
    assert price(rows) == Cost(10 + ANSWER, transfer=160)


def test_halves_load_in_half_the_beats() -> None:
    rows = load(rows=SmallCount(2), length=Count(18), element=Element.F16)
    assert price(rows) == Cost(10 + ANSWER, transfer=96)


@pytest.mark.parametrize(
    ("name", "beats"), [("int4g32", 3), ("uint4g32", 3), ("int8g32", 5), ("raw8", 4), ("int3", 3)]
)
def test_a_gather_reads_each_groups_scale_and_pair_of_rows(name: str, beats: int) -> None:
    rows = load(kind=LoadKind.GATHER, format=of(name), rows=SmallCount(0, 1), length=Count(64))
    cycles = 3 * (4 * ANSWER + DIVISION + 2 * (2 + 12 * beats))
    assert price(rows) == Cost(cycles, transfer=6 * beats * 16)


@pytest.mark.parametrize(
    ("kind", "beats", "cycles"),
    [
        (StoreKind.VECTOR, 3 * 17, 3 * 17),
        (StoreKind.KEYS, 3 * 2 * 5, DIVISION + 3 * 20),
        (StoreKind.VALUES, 3 * 33, 32 * 6),
        (StoreKind.WORD, 1, 0),
        (StoreKind.PUBLISH, 1, ANSWER + REQUEST_LATENCY),
    ],
)
def test_a_store_ends_with_its_answer(kind: StoreKind, beats: int, cycles: int) -> None:
    """Three rows of 65 words, or three positions of a head of 64."""
    length = 65 if kind is StoreKind.VECTOR else 64
    found = price(store(kind=kind, rows=SmallCount(0, 1), length=Count(length)))
    assert found == Cost(cycles + ANSWER + REQUEST_LATENCY, transfer=16 * beats)


def test_the_sequencer_takes_some_cycles_for_everything() -> None:
    found = [dispatch(i) for i in (load(), store(), mv(), misc(), nop(), fence(Unit.LD))]
    assert found == [7, 8, 7, 7, 8, 6]
    assert dispatch(sys(Scalar.CEILDIV)) == 42


def test_a_program_is_loaded_sixteen_words_at_a_time() -> None:
    assert loading(8, CONFIG) == 16 + ANSWER
    assert loading(9, CONFIG) == 18 + 2 * ANSWER
