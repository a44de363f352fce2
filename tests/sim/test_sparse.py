"""Sparse weights on the ISA machine: those of the pruned matrices, whatever the stream."""

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from tests.sim.runner import TINY, Runner
from tests.sim.test_invariance import TEXT, log_softmax

from wingbeat.boards.board import load_board
from wingbeat.compiler import driver, plan
from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.llama import read_llama
from wingbeat.compiler.frontend.matrices import read_matrix
from wingbeat.compiler.frontend.prune import prune
from wingbeat.compiler.frontend.vectors import read_vector
from wingbeat.compiler.graph import ir
from wingbeat.compiler.graph.llama import llama_graph
from wingbeat.compiler.graph.reference import Reference
from wingbeat.compiler.image import Image
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import Q4_0, CodedMatrix, WeightFormat
from wingbeat.hw.stream import TileLayout

BOARD = load_board("sim4s")
SPARSE = WeightFormat.parse("int4g32s")


def sparse_image(kept: int) -> Image:
    return driver.compile_model(TINY, BOARD, context=128, sparse=kept).image


def pruned(name: str, matrix: CodedMatrix, kept: int) -> CodedMatrix:
    """Prune a layer's matrix and write the zeros out: a dense one of the same weights."""
    if not name.startswith("blk."):
        return matrix
    sparse = prune(matrix, SPARSE, kept)
    return CodedMatrix(Q4_0, sparse.codes, sparse.scales)


@pytest.mark.parametrize("kept", [2, 4, 8])
def test_the_bits_are_those_of_a_dense_model_of_the_same_weights(
    kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same strands, dense and sparse, sums are made in the same order."""
    found = Runner(sparse_image(kept))
    formats: Callable[..., dict[str, WeightFormat]] = driver.source_formats

    def dense_formats(*of: object) -> dict[str, WeightFormat]:
        return {n: Q4_0 if n.startswith("blk.") else f for n, f in formats(*of).items()}

    def read(tensor: object) -> object:
        matrix, report = read_matrix(tensor)  # type: ignore[arg-type]  # passed on as it is
        return pruned(report.name, matrix, kept), report

    strands = plan._strands

    def same_strands(config: AcceleratorConfig, layout: TileLayout, kind: ir.MatrixType) -> int:
        if kind.format == Q4_0:
            layout = dataclasses.replace(layout, format=SPARSE)
            kind = dataclasses.replace(kind, format=SPARSE, kept=kept)
        return strands(config, layout, kind)

    monkeypatch.setattr(plan, "_strands", same_strands)
    monkeypatch.setattr(driver, "source_formats", dense_formats)
    monkeypatch.setattr(driver, "read_matrix", read)
    wanted = Runner(driver.compile_model(TINY, BOARD, context=128).image)
    assert np.array_equal(found.prefill(TEXT[:40]), wanted.prefill(TEXT[:40]))
    assert found.generate(TEXT[:33], 3) == wanted.generate(TEXT[:33], 3)


def test_logits_are_near_the_float_reference_of_the_pruned_weights() -> None:
    checkpoint = read_gguf(TINY)
    parameters = read_llama(checkpoint)

    def matrix(name: str) -> npt.NDArray[np.float32]:
        stored = driver._in_order(checkpoint, parameters, name)
        return pruned(name, read_matrix(stored)[0], 8).values()

    graph = llama_graph(parameters, driver.source_formats(checkpoint, parameters), 128)
    reference = Reference(graph, matrix, lambda name: read_vector(checkpoint.tensors[name]))
    text = TEXT[:100]
    wanted = log_softmax(reference.logits(np.array(text)))
    found = log_softmax(Runner(sparse_image(8)).prefill(text))
    divergence = (np.exp(wanted) * (wanted - found)).sum(axis=1)
    assert divergence.mean() < 0.01
    assert divergence.max() < 0.1
    assert (wanted.argmax(axis=1) == found.argmax(axis=1)).mean() > 0.9
