"""Small things to compile and to load: a model file, an accelerator, an image of few bytes."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from tests.compiler.frontend.gguf_builder import SMALL, model_metadata, model_tensors, write_gguf

from wingbeat.boards.board import Board, load_board
from wingbeat.compiler.image import Image, crc32c, deflated
from wingbeat.compiler.manifest import (
    ArgumentEntry,
    Manifest,
    ModelEntry,
    ProgramEntry,
    RegionEntry,
    TextEntry,
)
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import Q8_0
from wingbeat.hw.isa.instructions import (
    ISA_VERSION,
    Destination,
    Instruction,
    Load,
    Multiply,
    Opcode,
    Reduce,
    Scalar,
    Store,
    StoreKind,
    System,
    Unit,
    Vector,
)
from wingbeat.hw.isa.operands import (
    BEAT_BYTES,
    Address,
    Count,
    FormatField,
    OperandView,
    SmallCount,
    TileRows,
    VectorView,
)
from wingbeat.hw.isa.program import Argument, Program
from wingbeat.hw.memory_map import MemoryMap, Region

LLAMA = dataclasses.replace(
    SMALL, heads=2, kv_heads=1, head_dim=32, rope_divisors=(1.0,) * 16, context=128
)
"""The smallest Llama that the accelerator takes."""

CONFIG = AcceleratorConfig(
    lanes=2, port_bits=64, tokens=4, vector_memory_kib=16, operand_memory_kib=8
)


def board(**changes: object) -> Board:
    """Board sim4, its accelerator changed."""
    sim4 = load_board("sim4")
    config = AcceleratorConfig.parse({**sim4.accelerator.model_dump(), **changes})
    return sim4.model_copy(update={"accelerator": config})


def llama_metadata() -> dict[str, Any]:
    """Metadata of a model of shape `LLAMA`."""
    return model_metadata() | {
        "llama.attention.head_count": LLAMA.heads,
        "llama.attention.head_count_kv": LLAMA.kv_heads,
        "llama.rope.dimension_count": LLAMA.head_dim,
        "llama.context_length": LLAMA.context,
    }


def llama_file(folder: Path) -> Path:
    """Write a model of shape `LLAMA`."""
    return write_gguf(folder / "small.gguf", llama_metadata(), model_tensors(LLAMA))


def _instructions() -> tuple[Instruction, ...]:
    """A numbered row is quantised, multiplied by 8 x 32 weights, stored; one of every class."""
    ld, st, mpe, misc = (1 << unit.value for unit in (Unit.LD, Unit.ST, Unit.MPE, Unit.MISC))
    one, row = SmallCount(1), Count(32)
    return (
        System(Opcode.SYS, operation=Scalar.MIN, destination=2, a=1, immediate=3),
        System(Opcode.SYS, operation=Scalar.LOOP, a=2, immediate=1, length=6),
        Load(Opcode.LD, release=misc, address=Address(0), rows=one, length=row),
        Vector(
            Opcode.MISC, wait=ld, release=mpe, target=Destination.OPERAND,
            outer=one, inner=1, length=row,
        ),
        Multiply(
            Opcode.MV, wait=misc, release=st | misc, address=Address(16), stride=36,
            tiles=Count(1), groups=Count(1), format=FormatField.of(Q8_0), tile_rows=TileRows.R4,
            strands=1, outer=one, inner=1, operand=OperandView(0), destination=VectorView(4),
        ),
        Store(
            Opcode.ST, wait=mpe, kind=StoreKind.VECTOR, address=Address(80),
            rows=one, length=Count(8), vector=VectorView(4),
        ),
        Vector(
            Opcode.MISC, wait=mpe, reduce=Reduce.ARGMAX, outer=one, inner=1, length=Count(8),
            a=VectorView(4), destination=VectorView(8),
        ),
        System(Opcode.SYS, operation=Scalar.PEEK, destination=3, length=1, vector=VectorView(8)),
        System(Opcode.SYS, operation=Scalar.HALT),
    )  # fmt: skip


def image() -> Image:
    """A sound image of some 2 KiB."""
    argument = Argument("known", 1, 0, 7, "trips")
    program = Program(_instructions(), (argument,))
    regions = (
        Region("numbers", 0, 8, False, False),
        Region("weights", 16, 36, True, False),
        Region("results", 80, 2, False, True),
    )
    numbers = np.arange(32, dtype="<f4").view(np.uint8)[None]
    weights = np.random.default_rng(1).integers(0, 256, (1, 36 * BEAT_BYTES), np.uint8)
    contents = {"numbers": numbers, "weights": weights}
    tokenizer = '{"model": "small"}'
    sizes = dict.fromkeys(
        ("layers", "hidden", "heads", "kv_heads", "head_dim", "ffn", "vocabulary"), 8
    )
    manifest = Manifest(
        format=1,
        isa_version=ISA_VERSION,
        config_digest=CONFIG.digest,
        board="none",
        config=CONFIG,
        model=ModelEntry(
            name="small", architecture="llama", trained_context=8, weight_bytes=288, **sizes
        ),
        text=TextEntry(bos=1, eos=2, stop=(2,), add_bos=True, chat_template=None),
        program=ProgramEntry(
            arguments=(ArgumentEntry(name="known", register=1, low=0, high=7, meaning="trips"),),
            purposes=tuple("abcdefghi"),
            chunk=4,
            context=8,
            slots=1,
            token_words=8,
            logit_words=8,
            maximum_words=8,
            crc32c=crc32c(program.encode()),
        ),
        regions=tuple(
            RegionEntry(
                **dataclasses.asdict(region),
                crc32c=crc32c(contents[region.name]) if region.name in contents else None,
            )
            for region in regions
        ),
        tokenizer_crc32c=crc32c(deflated(tokenizer)),
    )
    return Image(manifest, program, MemoryMap.of(regions), contents, tokenizer)
