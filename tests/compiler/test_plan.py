import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compiler import small
from tests.compiler.graph.models import GROUPED, graph

from wingbeat.compiler.graph import ir
from wingbeat.compiler.graph.passes import fuse_swiglu, place_operands
from wingbeat.compiler.plan import (
    MemoryPlan,
    _matrix,
    plan_memory,
    round_up,
    strands_of,
    token_words,
)
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import CONTROL_WORDS
from wingbeat.hw.cost import ADDER_LATENCY
from wingbeat.hw.formats import Q4_0, Q8_0, WeightFormat
from wingbeat.hw.stream import TILE_ROWS, TileLayout

WIDE = small.board(lanes=8, ports=4, port_bits=128).accelerator


def plan(
    config: AcceleratorConfig = WIDE, context: int = 64, slots: int = 2, tokens: int = 8
) -> MemoryPlan:
    made = place_operands(fuse_swiglu(graph(GROUPED, context)))
    return plan_memory(made, config, slots, tokens)


@settings(max_examples=25, deadline=None)
@given(
    context=st.integers(1, 128),
    slots=st.integers(1, 3),
    tokens=st.integers(1, 32),
    lanes=st.sampled_from([4, 8, 16]),
)
def test_regions_begin_at_4_kib_and_never_overlap(
    context: int, slots: int, tokens: int, lanes: int
) -> None:
    config = small.board(lanes=lanes, ports=2, port_bits=128).accelerator
    found = plan(config, context, slots, tokens)
    used: set[int] = set()
    for region in found.memory.regions:
        assert region.start * 16 % 4096 == 0
        assert region.beats > 0
        beats = set(range(region.start, region.stop))
        assert not used & beats
        used |= beats


@settings(max_examples=25, deadline=None)
@given(context=st.integers(1, 128), slots=st.integers(1, 3), tokens=st.integers(1, 32))
def test_regions_are_whole_bus_words(context: int, slots: int, tokens: int) -> None:
    narrow = small.board(lanes=8, ports=2, port_bits=128).accelerator
    wide = small.board(lanes=8, ports=2, port_bits=512).accelerator
    least = plan(narrow, context, slots, tokens).memory
    for region in plan(wide, context, slots, tokens).memory.regions:
        assert region.beats % 4 == 0
        assert 0 <= region.beats - least[region.name].beats <= 3


def test_matrices_fill_the_weights_region_in_order_of_use_without_gaps() -> None:
    found = plan()
    at = 0
    for matrix in found.matrices.values():
        assert matrix.offset == at
        at += matrix.tiles * matrix.layout.tile_beats(matrix.columns // 32)
    assert at == found.memory["weights"].beats
    names = list(found.matrices)
    assert names[0] == "blk.0.attn_k.weight"
    assert names[-2:] == ["output.weight", "token_embd.weight"]


def test_every_matrix_has_room_for_its_rows() -> None:
    for matrix in plan().matrices.values():
        assert matrix.padded_rows >= matrix.rows
        stream = matrix.beats * 16 * WIDE.ports * 8
        assert stream >= matrix.rows * matrix.columns * matrix.layout.format.bits_per_weight()


def test_layers_of_a_run_are_equally_far_apart() -> None:
    found = plan()
    ((run, weights, vectors),) = found.runs
    assert (run.first, run.count) == (0, 2)
    for name, matrix in found.matrices.items():
        if name.startswith("blk.1."):
            assert matrix.offset - found.matrices["blk.0." + name[6:]].offset == weights
    for part in ("attn_norm", "ffn_norm"):
        first, second = (found.vectors[f"blk.{i}.{part}.weight"] for i in (0, 1))
        assert second - first == vectors == 2 * 64 * 4 // 16


def test_the_head_is_whole_trips_of_two_blocks() -> None:
    found = plan()
    assert found.head is found.matrices["output.weight"]
    rows = found.head_tiles * found.head.layout.tile_height
    # a granule of 16 maxima, each of 64 logits
    assert rows % (16 * 64) == 0
    assert found.head.padded_rows % (2 * rows) == 0


def test_caches_have_room_for_every_position_of_every_slot() -> None:
    context, slots, tokens = 70, 3, 8
    found = plan(context=context, slots=slots, tokens=tokens)
    caches = found.caches
    assert caches.positions >= context + tokens - 1
    assert caches.positions % 32 == 0 and caches.positions % caches.keys.tile_height == 0
    # 8 bits a number, and a half for 32 keys
    keys = caches.positions * 32 + caches.positions * 2
    values = caches.positions * 32
    assert caches.key_beats * 16 * WIDE.ports >= keys
    assert caches.value_tiles * caches.value_tile_beats * 16 * WIDE.ports >= values
    heads = slots * GROUPED.layers * GROUPED.kv_heads
    assert found.memory["cache"].beats == heads * caches.head_beats
    assert found.memory["value_scales"].beats * 16 >= heads * caches.positions * 2


def test_token_lists_hold_the_context_and_one_token_more() -> None:
    assert [token_words(context) for context in (1, 3, 4, 127)] == [4, 4, 8, 128]
    found = plan(context=64, slots=2, tokens=8)
    # the last chunk of the last slot may be read beyond its end
    assert found.memory["tokens"].beats * 4 >= token_words(64) * 2 + 8


def test_the_other_regions_hold_what_they_are_for() -> None:
    found = plan(context=64, tokens=8)
    assert found.memory["control"].beats * 4 >= CONTROL_WORDS
    assert found.memory["positions"].beats >= 64 + 7
    assert found.memory["logits"].beats * 4 >= 8 * found.head.padded_rows
    assert found.memory["maxima"].beats * 4 >= found.head.padded_rows / 64
    writable = {region.name for region in found.memory.regions if region.writable}
    assert writable == {"control", "tokens", "maxima", "logits", "value_scales", "cache"}
    striped = {region.name for region in found.memory.regions if region.striped}
    assert striped == {"cache", "weights"}
    assert found.address("cache") == found.memory["cache"].start


@pytest.mark.parametrize(("kept", "columns", "chains", "strands"), [
    (4, 576, 2, 1), (2, 576, 2, 1), (8, 576, 2, 0), (4, 576, 1, 0),
    (4, 128, 2, 0),  # such short tiles would wait for the drain
])  # fmt: skip
def test_two_row_pairs_in_a_step_take_more_strands(
    kept: int, columns: int, chains: int, strands: int
) -> None:
    config = small.CONFIG.model_copy(
        update={"lanes": 4, "columns": chains, "formats": ("int4g32s",), "tokens": 32}
    )
    kind = ir.MatrixType(256, columns, WeightFormat.parse("int4s"), kept)
    assert _matrix(config, kind, 0).strands == strands


@pytest.mark.parametrize("rows", TILE_ROWS)
@pytest.mark.parametrize("weights", [Q4_0, Q8_0])
def test_strands_are_the_fewest_that_hide_the_adder(rows: int, weights: WeightFormat) -> None:
    layout = TileLayout(weights, rows, 4, 1)
    cycles = rows // 2 * 2  # a pair of rows has 64 codes, of which 32 are multiplied in a cycle
    strands = 1 << strands_of(layout)
    assert cycles * strands >= ADDER_LATENCY
    assert strands == 1 or cycles * strands // 2 < ADDER_LATENCY


@given(st.integers(0, 10**6), st.integers(1, 999))
def test_rounding_up_is_to_the_next_multiple(value: int, unit: int) -> None:
    found = round_up(value, unit)
    assert found % unit == 0
    assert value <= found < value + unit


def test_a_tied_head_is_stored_once() -> None:
    tied = dataclasses.replace(GROUPED, tied_head=True)
    made = place_operands(fuse_swiglu(graph(tied)))
    found = plan_memory(made, WIDE, 1, 8)
    assert list(found.matrices)[-1] == "token_embd.weight"
    assert found.head is found.matrices["token_embd.weight"]
    assert np.sum(["output" in name for name in found.matrices]) == tied.layers
