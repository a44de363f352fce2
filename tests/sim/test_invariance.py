"""What must not change a result: chunks, what memories begin with, other slots, the machine."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from tests.sim.runner import TINY, Runner, compiled

from wingbeat.compiler.driver import _in_order
from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.llama import read_llama
from wingbeat.compiler.frontend.matrices import matrix_format, read_matrix
from wingbeat.compiler.frontend.vectors import read_vector
from wingbeat.compiler.graph.llama import llama_graph
from wingbeat.compiler.graph.reference import Reference
from wingbeat.compiler.image import Image

TEXT = [int(t) for t in np.random.default_rng(3).integers(3, 512, 512)]


def same(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    return a.tobytes() == b.tobytes()


@pytest.mark.parametrize("cuts", [
    (), (1,), (32,), (33,), (31, 32, 33), (7, 8, 40, 63), tuple(range(1, 70)), (64, 65),
])  # fmt: skip
def test_the_chunks_of_a_prompt_change_no_bit(tiny: Image, cuts: Sequence[int]) -> None:
    whole, cut = Runner(tiny), Runner(tiny)
    assert same(whole.prefill(TEXT[:70]), cut.prefill(TEXT[:70], cuts))
    assert whole.slot_bytes() == cut.slot_bytes()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("changes", [{}, {"vector_memory_kib": 96, "operand_memory_kib": 16}])
def test_what_memories_begin_with_changes_nothing(seed: int, changes: dict[str, Any]) -> None:
    image = compiled(**changes)
    clean, dirty = Runner(image), Runner(image, garbage=seed)
    with np.errstate(all="ignore"):  # garbage may be NaN, where it is selected away
        assert same(clean.prefill(TEXT[:45]), dirty.prefill(TEXT[:45]))
        assert clean.generate(TEXT[:45], 3) == dirty.generate(TEXT[:45], 3)
        assert clean.generate(TEXT[:1], 2) == dirty.generate(TEXT[:1], 2)


def test_what_an_earlier_request_left_changes_nothing(tiny: Image) -> None:
    fresh, used = Runner(tiny), Runner(tiny)
    used.generate(TEXT[100:300], 5)
    assert same(fresh.prefill(TEXT[:40]), used.prefill(TEXT[:40]))
    assert fresh.generate(TEXT[:40], 6) == used.generate(TEXT[:40], 6)


def test_slots_do_not_disturb_each_other() -> None:
    image = compiled(context=128, slots=3)
    alone = Runner(image)
    first = alone.prefill(TEXT[:50])
    wanted = alone.slot_bytes()
    together = Runner(image)
    half = together.prefill(TEXT[:20], slot=1)
    together.prefill(TEXT[200:290], slot=0)
    together.generate(TEXT[300:310], 4, slot=2)
    untouched = together.slot_bytes(0), together.slot_bytes(2)
    assert same(together.prefill(TEXT[:50], slot=1), first)
    assert same(half, first[:20])
    assert together.slot_bytes(1) == wanted
    assert (together.slot_bytes(0), together.slot_bytes(2)) == untouched


@pytest.mark.parametrize("length", [1, 31, 32, 33, 63, 64, 65, 130, 511, 512])
def test_a_decoded_token_is_the_best_of_a_prefill(tiny: Image, length: int) -> None:
    """The token that decode finds at `length`, against one chunked pass over the same text."""
    whole = Runner(tiny).prefill(TEXT[:length])
    decoded = Runner(tiny)
    if length > 1:
        decoded.prefill(TEXT[: length - 1])
    row = decoded.prefill(TEXT[:length], cuts=range(max(0, length - 1), length))
    assert same(row, whole)
    assert Runner(tiny).generate(TEXT[:length], 1) == [int(whole[-1].argmax())]


def test_generation_to_the_end_of_the_context_equals_prefill() -> None:
    image = compiled(context=64)
    tokens = Runner(image).generate(TEXT[:30], 34)
    assert len(tokens) == 34
    logits = Runner(image).prefill(TEXT[:30] + tokens[:-1])
    logits = logits if len(logits) == 63 else logits[:63]
    assert [int(row.argmax()) for row in logits[29:]] == tokens


@pytest.mark.parametrize("changes", [
    {"lanes": 4, "ports": 2, "port_bits": 256},
    {"columns": 2},
    {"vector_lanes": 4},
    {"tokens": 4},
    {"tokens": 128},
    {"vector_memory_kib": 64, "operand_memory_kib": 16},
    {"lanes": 4, "ports": 4, "port_bits": 128, "columns": 4, "vector_lanes": 8, "tokens": 16},
])  # fmt: skip
def test_machines_of_equal_strands_give_equal_bits(tiny: Image, changes: dict[str, Any]) -> None:
    image = compiled(**changes)
    assert strands(image) == strands(tiny)
    assert same(Runner(image).prefill(TEXT[:70]), Runner(tiny).prefill(TEXT[:70]))
    assert Runner(image).generate(TEXT[:33], 3) == Runner(tiny).generate(TEXT[:33], 3)


def strands(image: Image) -> list[int]:
    from wingbeat.hw.isa.instructions import Multiply

    found = [x.strands for x in image.program.instructions if isinstance(x, Multiply)]
    return sorted(set(found))


def test_logits_are_near_the_float_reference(tiny: Image) -> None:
    checkpoint = read_gguf(TINY)
    p = read_llama(checkpoint)
    tensors = checkpoint.tensors
    formats = {name: matrix_format(x) for name, x in tensors.items() if len(x.shape) == 2}
    reference = Reference(
        llama_graph(p, formats, p.context),
        lambda name: read_matrix(_in_order(checkpoint, p, name))[0].values(),
        lambda name: read_vector(tensors[name]),
    )
    text = TEXT[:60] + Runner(tiny).generate(TEXT[:60], 60)
    wanted = log_softmax(reference.logits(np.array(text)))
    found = log_softmax(Runner(tiny).prefill(text))
    divergence = (np.exp(wanted) * (wanted - found)).sum(axis=1)
    assert divergence.mean() < 0.01
    assert divergence.max() < 0.1
    assert (wanted.argmax(axis=1) == found.argmax(axis=1)).mean() > 0.9


def log_softmax(logits: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    x = np.asarray(logits, np.float64)
    x = x - x.max(axis=1, keepdims=True)
    shifted: np.ndarray[Any, np.dtype[np.float64]] = x - np.log(
        np.exp(x).sum(axis=1, keepdims=True)
    )
    return shifted
