"""Code generation: from a legal graph to a verified program and its memory plan."""

from __future__ import annotations

import dataclasses

import numpy as np

from wingbeat.compiler.allocate import allocate
from wingbeat.compiler.assemble import Assembled, assemble
from wingbeat.compiler.graph import ir
from wingbeat.compiler.graph.passes import fuse_swiglu, place_operands
from wingbeat.compiler.lower.program import arguments, lower
from wingbeat.compiler.lower.target import PartLimits, Target
from wingbeat.compiler.plan import MemoryPlan, plan_memory
from wingbeat.compiler.synchronise import Synchroniser
from wingbeat.hw.arithmetic.fp32 import Float
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import CompileError
from wingbeat.hw.isa.footprint import Space
from wingbeat.hw.isa.program import Program
from wingbeat.hw.verify.verifier import verify


@dataclasses.dataclass(frozen=True)
class Generated:
    """A program and everything that belongs to it.

    Attributes
    ----------
    program : verified
    purposes : what each instruction is for
    plan : memory plan
    constants : FP32 words of the constants region
    tokens : tokens of a prefill chunk
    parts : tokens of a chunk whose attention is computed at once, by length
    on_chip : granules or groups used of each on-chip memory
    """

    program: Program
    purposes: tuple[str, ...]
    plan: MemoryPlan
    constants: Float
    tokens: int
    parts: tuple[PartLimits, ...]
    on_chip: dict[str, int]


def generate(graph: ir.Graph, config: AcceleratorConfig, slots: int) -> Generated:
    """Generate code, with the largest chunk that the on-chip memories have room for.

    Raises
    ------
    CompileError
        If not even one token at a time fits.
    """
    _check_formats(graph, config)
    attention = next(node for node in graph.nodes if isinstance(node, ir.Attention))
    shared = attention.heads // attention.kv_heads
    # before the passes, which would only say that something is no whole group
    _check_limits(graph, config, attention)
    graph = place_operands(fuse_swiglu(graph))
    refusal = CompileError("no chunk size fits")
    tokens = config.tokens
    while tokens:
        most = min(tokens, config.tokens // shared)
        part = 1 << (most.bit_length() - 1)
        while part:
            parts = PartLimits.ladder(part, graph.context, most)
            try:
                return _generate(graph, config, slots, tokens, parts)
            except CompileError as error:
                refusal = error
            part //= 2
        tokens //= 2
    raise refusal


def _check_formats(graph: ir.Graph, config: AcceleratorConfig) -> None:
    for name, matrix in graph.matrices.items():
        if matrix.format not in config.weight_formats:
            raise CompileError(
                f"matrix `{name}` is {matrix.format.name}, and the accelerator must be built for "
                f"that format, not only for {', '.join(config.formats)}"
            )


def _check_limits(graph: ir.Graph, config: AcceleratorConfig, attention: ir.Attention) -> None:
    """Refuse what no instruction can express, with the reason."""
    shared = attention.heads // attention.kv_heads
    if graph.head_dim % 32 or graph.head_dim > 256:
        raise CompileError(
            f"`head_dim` must be 32, 64, 96, 128, 160, 192, 224 or 256, not {graph.head_dim}: "
            "a head is a whole number of groups with one scale for its values"
        )
    if graph.head_dim & (graph.head_dim - 1):
        raise CompileError(f"`head_dim` must be a power of two, not {graph.head_dim}")
    if attention.heads > 127:
        raise CompileError(
            f"query heads must be at most 127, not {attention.heads}: "
            "the instruction counts them in 7 bits"
        )
    if shared > config.tokens:
        raise CompileError(
            f"query heads of a key/value head must be at most `tokens` ({config.tokens}), "
            f"not {shared}: they are multiplied together"
        )
    if graph.context > 32000:
        raise CompileError(
            f"context must be at most 32000 positions, not {graph.context}: "
            "a row of scores is addressed by 11 bits of granules"
        )


def _generate(
    graph: ir.Graph,
    config: AcceleratorConfig,
    slots: int,
    tokens: int,
    parts: tuple[PartLimits, ...],
) -> Generated:
    plan = plan_memory(graph, config, slots, tokens)
    target = Target(graph, config, plan, tokens, parts)
    lower(target)
    places = allocate(target.code.body, config)
    ordered = Synchroniser(target.code.body, places).run(target.code.body)
    assembled: Assembled = assemble(ordered, places)
    program = Program(assembled.instructions, arguments(target))
    verify(program, plan.memory, config)
    used = {
        space.name.lower(): max(
            (place + b.size for b, place in places.items() if b.space is space), default=0
        )
        for space in (Space.VECTOR, Space.OPERAND)
    }
    words = np.zeros(target.constant_buffer.size * 16, np.float32)
    words[: len(target.constants.words)] = target.constants.words
    return Generated(program, assembled.purposes, plan, words, tokens, parts, used)
