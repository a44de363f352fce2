"""The compiler's front door: a model file and a board in, an image and a report out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from wingbeat.boards.board import Board
from wingbeat.compiler.frontend.checkpoint import Checkpoint
from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.llama import read_llama
from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import tensor_shapes
from wingbeat.compiler.frontend.matrices import RepackReport, matrix_format, read_matrix
from wingbeat.compiler.frontend.naming import as_text
from wingbeat.compiler.frontend.rope_order import to_half_split
from wingbeat.compiler.frontend.tokenizer import build_tokenizer
from wingbeat.compiler.frontend.vectors import read_vector
from wingbeat.compiler.frontend.vocabulary import read_special_tokens
from wingbeat.compiler.generate import Generated, generate
from wingbeat.compiler.graph.llama import llama_graph
from wingbeat.compiler.graph.reference import Reference
from wingbeat.compiler.image import Image, crc32c, deflated
from wingbeat.compiler.manifest import (
    IMAGE_FORMAT,
    ArgumentEntry,
    Manifest,
    ModelEntry,
    ProgramEntry,
    RegionEntry,
    TextEntry,
)
from wingbeat.compiler.pack import Bytes, pack_constants, pack_vectors, pack_weights
from wingbeat.compiler.plan import MAXIMUM_WORDS, token_words
from wingbeat.compiler.report import make_report
from wingbeat.compiler.sparsify import sparse_formats, sparsify
from wingbeat.hw.errors import CompileError
from wingbeat.hw.formats import WINDOW, CodedMatrix, WeightFormat
from wingbeat.hw.isa.instructions import ISA_VERSION
from wingbeat.hw.isa.operands import BEAT_BYTES

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of it, 0 to 1."""

SMALLEST_CONTEXT = 64


@dataclasses.dataclass(frozen=True)
class Compiled:
    """An image, and the report on it."""

    image: Image
    report: dict[str, Any]


class _Clock:
    """Seconds of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - start


def compile_model(
    path: Path,
    board: Board,
    *,
    context: int | None = None,
    slots: int = 1,
    sparse: int | None = None,
    progress: Progress = lambda step, share: None,
) -> Compiled:
    """Compile a model file for a board.

    Parameters
    ----------
    path : GGUF file of the Llama family
    board : whose accelerator it is for
    context : positions of each slot; by default the model's, halved until it fits the board
    slots : requests whose caches are kept at once
    sparse : N of every 16 weights of the layers that are kept, 2, 4 or 8; by default all of them
    progress : told how far it is

    Raises
    ------
    ModelError, CompileError, ConfigError
    """
    clock = _Clock()
    with clock("read"):
        checkpoint = read_gguf(path)
        parameters = read_llama(checkpoint)
        tokenizer = build_tokenizer(checkpoint.metadata)
        special = read_special_tokens(checkpoint.metadata)
    with clock("generate"):
        formats, kept = source_formats(checkpoint, parameters), WINDOW
        if sparse is not None:
            formats, kept = sparse_formats(parameters, formats, board, sparse), sparse
        generated, fitted = fit(parameters, formats, board, context, slots, kept)
    reports: list[RepackReport] = []

    def read(name: str) -> CodedMatrix:
        matrix, report = read_matrix(_in_order(checkpoint, parameters, name))
        if formats[name].sparse:
            matrix, report = sparsify(matrix, report, formats[name], kept)
        reports.append(report)
        return matrix

    with clock("pack"):
        count = len(generated.plan.matrices)
        weights = np.empty((0, 0), np.uint8)
        for done, (matrix, region) in enumerate(
            pack_weights(generated, board.accelerator, read), start=1
        ):
            weights = region
            progress(f"packing {matrix}", done / count)
        vectors = pack_vectors(generated, lambda name: read_vector(checkpoint.tensors[name]))
        contents = pack_constants(generated) | {"vectors": vectors, "weights": weights}
    text = TextEntry(
        bos=special.bos,
        eos=special.ends[0] if special.ends else None,
        stop=special.ends,
        add_bos=special.add_bos,
        chat_template=special.chat_template,
    )
    name = as_text(path.stem)
    tensor_bytes = sum(tensor.data.nbytes for tensor in checkpoint.tensors.values())
    with clock("check"):
        image = _image(
            name, parameters, board, generated, contents, text, tokenizer.to_str(),
            tensor_bytes, fitted, slots,
        )  # fmt: skip
    with clock("report"):
        report = make_report(
            name, parameters, board, generated, reports, clock.seconds, tensor_bytes
        )
    report["memory"]["image_bytes"] = image.bytes
    return Compiled(image, report)


def float_reference(path: Path) -> Reference:
    """Return the float model of a file: its weights as they are coded, nothing else quantised.

    Raises
    ------
    ModelError
        If the file is no sound model of the Llama family.
    """
    checkpoint = read_gguf(path)
    parameters = read_llama(checkpoint)
    formats = source_formats(checkpoint, parameters)
    return Reference(
        llama_graph(parameters, formats, parameters.context),
        lambda name: read_matrix(_in_order(checkpoint, parameters, name))[0].values(),
        lambda name: read_vector(checkpoint.tensors[name]),
    )


def source_formats(checkpoint: Checkpoint, parameters: LlamaParameters) -> dict[str, WeightFormat]:
    """Return the format in which each matrix of a file is multiplied."""
    return {
        name: matrix_format(checkpoint.tensors[name])
        for name, shape in tensor_shapes(parameters).items()
        if len(shape) == 2
    }


def fit(
    parameters: LlamaParameters,
    formats: dict[str, WeightFormat],
    board: Board,
    context: int | None,
    slots: int,
    kept: int = WINDOW,
) -> tuple[Generated, int]:
    """Generate the program for the wanted context, or for the longest that fits.

    `kept` is the N of N:16 of the matrices whose format is sparse.

    Returns
    -------
    The program, and its context.

    Raises
    ------
    CompileError
        If the wanted context, or 64 positions, do not fit the board.
    """
    if slots < 1:
        raise CompileError(f"slots must be at least 1, not {slots}")
    if context is not None and not 1 <= context <= parameters.context:
        raise CompileError(
            f"context must be 1 to {parameters.context}, what the model was trained for, "
            f"not {context}"
        )
    wanted = context or parameters.context
    while True:
        try:
            graph = llama_graph(parameters, formats, wanted, kept)
            generated = generate(graph, board.accelerator, slots)
            _check_memory(generated, board)
            return generated, wanted
        except CompileError:
            if context is not None or wanted <= SMALLEST_CONTEXT:
                raise
            wanted //= 2


def _check_memory(generated: Generated, board: Board) -> None:
    size = generated.plan.memory.beats * BEAT_BYTES * board.accelerator.ports
    room = board.memory.mebibytes << 20
    if size > room:
        raise CompileError(
            f"memory of board {board.name} must hold {size >> 20} MiB of image and caches, "
            f"not {room >> 20}: shorten the context or take fewer slots"
        )


def _in_order(checkpoint: Checkpoint, parameters: LlamaParameters, name: str) -> Any:
    """Return a stored tensor, query and key rows in the order that `Rope` pairs them."""
    tensor = checkpoint.tensors[name]
    if name.endswith("attn_q.weight"):
        return to_half_split(tensor, parameters.heads)
    if name.endswith("attn_k.weight"):
        return to_half_split(tensor, parameters.kv_heads)
    return tensor


def _image(
    name: str,
    parameters: LlamaParameters,
    board: Board,
    generated: Generated,
    contents: dict[str, Bytes],
    text: TextEntry,
    tokenizer: str,
    tensor_bytes: int,
    context: int,
    slots: int,
) -> Image:
    """Put the image together, with its manifest."""
    plan, program = generated.plan, generated.program
    p = parameters
    manifest = Manifest(
        format=IMAGE_FORMAT,
        isa_version=ISA_VERSION,
        config_digest=board.accelerator.digest,
        board=board.name,
        config=board.accelerator,
        model=ModelEntry(
            name=name,
            architecture="llama",
            layers=p.layers,
            hidden=p.hidden,
            heads=p.heads,
            kv_heads=p.kv_heads,
            head_dim=p.head_dim,
            ffn=p.ffn,
            vocabulary=p.vocabulary,
            trained_context=p.context,
            weight_bytes=tensor_bytes,
        ),
        text=text,
        program=ProgramEntry(
            arguments=tuple(
                ArgumentEntry(
                    name=a.name, register=int(a.register), low=a.low, high=a.high, meaning=a.meaning
                )
                for a in program.arguments
            ),
            purposes=generated.purposes,
            chunk=generated.tokens,
            context=context,
            slots=slots,
            token_words=token_words(context),
            logit_words=plan.head.padded_rows,
            maximum_words=MAXIMUM_WORDS,
            crc32c=crc32c(program.encode()),
        ),
        regions=tuple(
            RegionEntry(
                name=r.name,
                start=r.start,
                beats=r.beats,
                striped=r.striped,
                writable=r.writable,
                crc32c=crc32c(contents[r.name]) if r.name in contents else None,
            )
            for r in plan.memory.regions
        ),
        tokenizer_crc32c=crc32c(deflated(tokenizer)),
    )
    return Image(manifest, program, plan.memory, contents, tokenizer)
