from pathlib import Path

import numpy as np
import pytest
from tests.compiler import small

from wingbeat.compiler.driver import compile_model, fit
from wingbeat.compiler.frontend.llama_tensors import EMBEDDING, tensor_shapes
from wingbeat.compiler.frontend.matrices import RepackReport
from wingbeat.compiler.pack import pack_weights
from wingbeat.compiler.sparsify import sparse_formats, sparsify
from wingbeat.hw.errors import CompileError, ModelError
from wingbeat.hw.formats import Q4_0, Q8_0, CodedMatrix, WeightFormat

SPARSE = WeightFormat.parse("int4g32s")
FORMATS = {name: Q4_0 for name, shape in tensor_shapes(small.LLAMA).items() if len(shape) == 2}
BOARD = small.board(
    formats=("int4g32", "uint4g32", "int8g32", "int4g32s"), lanes=8, ports=4, port_bits=128
)


def chosen(dense: WeightFormat, *offered: str) -> str:
    """The format that a matrix of a layer gets."""
    board = small.board(formats=("int4g32", *offered), port_bits=128)
    formats = sparse_formats(small.LLAMA, dict.fromkeys(FORMATS, dense), board, 8)
    return formats["blk.1.ffn_up.weight"].name


@pytest.mark.parametrize(
    ("dense", "offered", "name"),
    [
        (Q4_0, ("int4g32s", "int8g32s"), "int4g32s"),
        (Q8_0, ("int4g32s", "int8g32s"), "int8g32s"),
        (Q4_0, ("int8g32s", "int5g32s", "int3g32s"), "int5g32s"),
        (Q8_0, ("int3g32s", "int5g32s"), "int5g32s"),
        (Q4_0, ("int4g64s", "int4g32s"), "int4g32s"),
        (Q4_0, ("int4g128s", "int4g64s", "int8g32s"), "int4g64s"),  # for 64 columns
        (Q4_0, ("uint4g32s", "int2g32s"), "int2g32s"),
    ],
)
def test_the_format_that_loses_least(
    dense: WeightFormat, offered: tuple[str, ...], name: str
) -> None:
    assert chosen(dense, *offered) == name


def test_embedding_and_head_stay_dense() -> None:
    found = sparse_formats(small.LLAMA, FORMATS, BOARD, 4)
    assert [name for name, weights in found.items() if not weights.sparse] == [EMBEDDING]


def test_a_board_without_a_sparse_format_says_so() -> None:
    for offered in ((), ("uint4g32s",)):
        with pytest.raises(CompileError, match="`formats` of board sim4 must have a sparse one"):
            chosen(Q4_0, *offered)


@pytest.mark.parametrize("kept", [0, 3, 16])
def test_only_some_n_exist(kept: int) -> None:
    with pytest.raises(CompileError, match=f"must be one of 2, 4, 8, not {kept}"):
        sparse_formats(small.LLAMA, FORMATS, BOARD, kept)


def test_the_change_of_the_weights_is_reported() -> None:
    codes = np.array([[7, -1] * 16, [5, 2] * 16], np.int8)
    matrix = CodedMatrix(Q4_0, codes, np.full((2, 1), 0x3C00, np.uint16))
    _, report = sparsify(matrix, RepackReport("m", "Q4_0", "int4g32"), SPARSE, 8)
    assert report.format == "int4g32s 8:16"
    assert report.relative_rms == pytest.approx(((1 + 4) / (49 + 25 + 1 + 4)) ** 0.5)
    assert report.largest_change == 2
    assert not report.exact


def test_weights_that_are_too_large_are_refused() -> None:
    largest = np.full((2, 1), 0x7BFF, np.uint16)  # 65,504
    matrix = CodedMatrix(Q8_0, np.full((2, 32), 127, np.int8), largest)
    with pytest.raises(ModelError, match="tensor `m` must be of magnitude 458528 at most"):
        sparsify(matrix, RepackReport("m", "Q8_0", "int8g32"), SPARSE, 8)


@pytest.mark.parametrize(("kept", "lanes"), [(2, 8), (4, 8), (8, 8), (8, 16)])
def test_what_a_lane_decodes_is_the_pruned_matrix(kept: int, lanes: int) -> None:
    """Also where rows are padded: 64 or 96 rows are no whole number of tiles."""
    board = small.board(formats=BOARD.accelerator.formats, lanes=lanes, ports=4, port_bits=128)
    formats = sparse_formats(small.LLAMA, FORMATS, board, kept)
    made, _ = fit(small.LLAMA, formats, board, 64, 1, kept)
    matrices = {}
    for name, weights in formats.items():
        plan, rng = made.plan.matrices[name], np.random.default_rng(sum(name.encode()))
        codes = rng.integers(-8, 8, (plan.rows, plan.columns)).astype(np.int8)
        scales = rng.integers(0x3000, 0x4000, (plan.rows, plan.columns // 32), np.uint16)
        matrix = CodedMatrix(Q4_0, codes, scales)
        if weights.sparse:
            matrix, _ = sparsify(matrix, RepackReport(name, "Q4_0", "int4g32"), weights, kept)
        matrices[name] = matrix
    whole = np.empty((0, 0), np.uint8)
    for _, region in pack_weights(made, board.accelerator, matrices.__getitem__):
        whole = region
    for name, plan in made.plan.matrices.items():
        assert plan.kept == (kept if formats[name].sparse else 16)
        layout, stream = plan.layout, whole[:, plan.offset * 16 :]
        beats = layout.lane_beats(plan.groups, plan.kept)
        lanes_of = layout.from_ports(stream, plan.tiles, plan.stride, beats)
        found = layout.unpack(lanes_of, plan.groups, plan.kept)
        rows = found.codes.reshape(plan.columns, -1).T
        assert np.array_equal(rows[: plan.rows], matrices[name].codes)


def test_a_matrix_has_the_size_that_n_says_and_prefill_its_chunk() -> None:
    bits, chunks = [], set()
    for kept in (16, 8, 4, 2):
        formats = FORMATS if kept == 16 else sparse_formats(small.LLAMA, FORMATS, BOARD, kept)
        made, _ = fit(small.LLAMA, formats, BOARD, 64, 1, kept)
        plan = made.plan.matrices["blk.0.ffn_down.weight"]  # 64 x 96
        bits.append(plan.beats * 4 * 128 / (plan.padded_rows * plan.columns))
        chunks.add(made.tokens)
    # a tile has 8 x 96 weights in a lane, and a sparse one a header of 128 bits
    assert bits == pytest.approx([4.5, 3 + 1 / 6, 2 + 1 / 6, 1.5 + 1 / 6])
    assert len(chunks) == 1


def test_a_compilation_reports_what_it_has_pruned(tmp_path: Path) -> None:
    compiled = compile_model(small.llama_file(tmp_path), BOARD, context=64, sparse=8)
    entries = {entry["tensor"]: entry for entry in compiled.report["repacked"]}
    assert len(entries) == 2 * 7
    assert {entry["to"] for entry in entries.values()} == {"int4g32s 8:16"}
    assert all(0.1 < entry["relative_rms"] < 0.7 for entry in entries.values())
