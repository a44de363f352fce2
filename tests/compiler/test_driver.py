import dataclasses
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.compiler import small
from tests.compiler.frontend.gguf_builder import model_tensors, write_gguf
from tests.compiler.shapes import LLAMA2_7B, SMOLLM2_135M, formats, generated, timed

from wingbeat.boards.board import board_names, load_board
from wingbeat.compiler.driver import Compiled, compile_model, fit, float_reference
from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.image import load_image, save_image
from wingbeat.hw.errors import CompileError, ModelError
from wingbeat.hw.isa.instructions import Load, Multiply, Scalar, System


@cache
def model() -> tuple[Path, Compiled]:
    """A small model and what it compiles to."""
    path = small.llama_file(Path(tempfile.mkdtemp()))
    return path, compile_model(path, small.board())


@pytest.mark.parametrize("board", board_names())
def test_every_board_takes_a_small_model(board: str) -> None:
    compiled = compile_model(model()[0], load_board(board), context=64)
    assert compiled.image.manifest.board == board


# ---- size and shape of programs -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "board", "kibibytes"),
    [(LLAMA2_7B, "u280", 256), (SMOLLM2_135M, "kv260", 64)],
)
def test_programs_are_small_and_quickly_made(
    parameters: LlamaParameters, board: str, kibibytes: int
) -> None:
    made, seconds = timed(parameters, board)
    assert seconds < 10
    assert len(made.program.encode().tobytes()) <= kibibytes << 10


@pytest.mark.parametrize(("parameters", "board"), [(LLAMA2_7B, "u280"), (SMOLLM2_135M, "kv260")])
def test_one_program_serves_every_length(parameters: LlamaParameters, board: str) -> None:
    made = generated(parameters, board)
    ranges = {argument.name: (argument.low, argument.high) for argument in made.program.arguments}
    assert ranges["known"] == (1, parameters.context)
    assert ranges["position"] == (0, parameters.context - 1)


def test_a_program_does_not_grow_with_the_context() -> None:
    programs = [generated(SMOLLM2_135M, "kv260", context) for context in (1, 100, 2048)]
    # fences depend on how much memory there is to leave places alone
    kinds = [
        [
            (w, type(i))
            for w, i in zip(p.purposes, p.program.instructions, strict=True)
            if w != "order"
        ]
        for p in programs
    ]
    assert kinds[0] == kinds[1] == kinds[2]


def test_a_program_does_not_grow_with_the_layers() -> None:
    two = dataclasses.replace(SMOLLM2_135M, layers=2)
    assert generated(two, "kv260").purposes == generated(SMOLLM2_135M, "kv260").purposes


# ---- what fits ----------------------------------------------------------------------------------


def fitted(context: int | None = None, slots: int = 1, **changes: Any) -> int:
    return fit(SMOLLM2_135M, formats(SMOLLM2_135M), small.board(**changes), context, slots)[1]


def test_the_context_is_halved_until_it_fits() -> None:
    assert fitted() == 8192
    assert fitted(vector_memory_kib=256) in (4096, 2048, 1024)
    with pytest.raises(CompileError, match="vector memory must have room for `"):
        fitted(8192, vector_memory_kib=256)


@pytest.mark.parametrize("context", [0, -1, 8193])
def test_a_context_is_within_the_models(context: int) -> None:
    with pytest.raises(CompileError, match=f"context must be 1 to 8192, .* not {context}$"):
        fitted(context)


def test_there_is_a_slot_at_least() -> None:
    with pytest.raises(CompileError, match="slots must be at least 1, not 0"):
        fitted(slots=0)


def test_caches_that_do_not_fit_the_board_are_refused_with_their_size() -> None:
    with pytest.raises(CompileError) as caught:
        fitted(8192, slots=200)
    found = re.search(r"must hold (\d+) MiB of image and caches, not 4096: ", str(caught.value))
    assert found
    # keys, their scales, values and theirs: 70 + 66 bytes for each position, head and layer
    assert int(found[1]) > 200 * 8192 * 30 * 3 * (64 + 4 + 64 + 2) >> 20


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"formats": ("int8g32",), "lanes": 8}, "is uint4g32, and the accelerator must be built"),
        ({"tokens": 2}, "query heads of a key/value head must be at most `tokens` (2), not 3"),
    ],
)
def test_what_the_accelerator_cannot_do_is_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CompileError, match=re.escape(sentence)):
        fitted(64, **changes)


@pytest.mark.parametrize("head_dim", [16, 48, 96, 512])
def test_heads_are_whole_groups(head_dim: int) -> None:
    odd = dataclasses.replace(
        SMOLLM2_135M, head_dim=head_dim, rope_divisors=(1.0,) * (head_dim // 2)
    )
    with pytest.raises(CompileError, match=f"`head_dim` must be .*, not {head_dim}"):
        fit(odd, formats(odd), small.board(), 64, 1)


# ---- whole compilations -------------------------------------------------------------------------


def test_the_manifest_says_what_was_compiled() -> None:
    image = model()[1].image
    manifest = image.manifest
    assert (manifest.board, manifest.model.name, manifest.model.layers) == ("sim4", "small", 2)
    assert (manifest.model.heads, manifest.model.kv_heads, manifest.model.vocabulary) == (2, 1, 12)
    assert (manifest.program.context, manifest.program.slots) == (128, 1)
    assert (manifest.text.bos, manifest.text.eos, manifest.text.stop) == (0, 1, (1,))
    assert manifest.text.chat_template == "{{ messages }}"
    assert len(manifest.program.purposes) == len(image.program.instructions)
    assert image.contents.keys() == {"weights", "vectors", "constants", "positions"}


def test_an_image_is_loaded_as_it_was_compiled(tmp_path: Path) -> None:
    image = model()[1].image
    save_image(image, tmp_path / "image")
    loaded = load_image(tmp_path / "image")
    assert (loaded.manifest, loaded.program, loaded.memory) == (
        image.manifest,
        image.program,
        image.memory,
    )
    for name, data in image.contents.items():
        assert np.array_equal(loaded.contents[name], data)


def test_compiling_twice_gives_the_same_image() -> None:
    path, first = model()
    second = compile_model(path, small.board())
    assert first.image.manifest == second.image.manifest


def test_progress_ends_with_everything() -> None:
    told: list[tuple[str, float]] = []
    compile_model(model()[0], small.board(), progress=lambda *step: told.append(step))
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[-1] == 1
    assert len(told) == 2 * 7 + 1


def test_the_program_multiplies_every_matrix_of_a_layer_for_one_token_and_for_many() -> None:
    program = model()[1].image.program
    # matrices too small for halves of a chunk; keys and values of the one head; the head for one
    # and for many, two blocks
    weights = [i for i in program.instructions if isinstance(i, Multiply)]
    assert len(weights) == 2 * (7 + 2) + 4
    gathers = [i for i in program.instructions if isinstance(i, Load) and i.kind.name == "GATHER"]
    assert len(gathers) == 1
    last = program.instructions[-1]
    assert isinstance(last, System) and last.operation is Scalar.HALT


def test_a_model_that_cannot_be_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="`head_dim` must be 32, 64"):
        compile_model(write_gguf(tmp_path / "sixteen.gguf"), small.board())
    with pytest.raises(ModelError, match="cannot be opened"):
        compile_model(tmp_path / "none.gguf", small.board())


def test_the_float_reference_has_the_weights_of_the_file() -> None:
    reference = float_reference(model()[0])
    tokens = np.arange(12)
    logits = reference.logits(tokens)
    assert logits.shape == (12, 12) and np.isfinite(logits).all()
    tensors = model_tensors(small.LLAMA)
    embedding = tensors["token_embd.weight"][0]
    assert np.abs(reference._matrices["token_embd.weight"] - embedding).max() < 0.02
