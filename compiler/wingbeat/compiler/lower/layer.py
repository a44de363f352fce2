"""Lowering of everything in a layer but attention: norms, products, rotation, gating, sums."""

from __future__ import annotations

import dataclasses
import math

from wingbeat.compiler.graph import ir
from wingbeat.compiler.lower.code import Buffer, Ref, beats, count, small_count
from wingbeat.compiler.lower.registers import R
from wingbeat.compiler.lower.target import LOG2_E, Phase, Target, granules
from wingbeat.hw.formats import GROUP
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Combine, Function, Load, Multiply, Opcode, Reduce
from wingbeat.hw.isa.operands import FormatField, TileRows


def load_norms(target: Target, node: ir.RmsNorm, destination: Ref, register: R, rows: int) -> None:
    """Load the weights of a norm and of those that follow it, `rows` in all."""
    beats_of_row = -(-node.features // WORDS_PER_BEAT)
    first = target.plan.address("vectors") + target.plan.vectors[node.vector]
    target.code.emit(
        Load(
            Opcode.LD,
            address=beats(first, register),
            stride=beats_of_row,
            rows=small_count(rows),
            length=count(node.features),
        ),
        "norm weights",
        {"destination": destination},
    )


def rms_norm(
    target: Target, phase: Phase, node: ir.RmsNorm, source: Ref, weights: Ref, destination: Ref
) -> None:
    """Three passes: sum of squares, its root, and (x * weight) * root, quantised on the way out."""
    code, length = target.code, node.features
    squares = Ref(target.vector("squares", phase.rows, 1), scalar=True)
    roots = target.vector("roots", phase.rows, 1)
    code.misc(
        "norm", squares, source, source,
        first=Combine.MUL, reduce=Reduce.SUM, outer=phase.tokens, length=length,
    )  # fmt: skip
    # 1 / sqrt(s / n + e) = sqrt(n) / sqrt(s + n e)
    code.misc(
        "norm", Ref(roots), squares,
        target.constant(length * node.epsilon), target.constant(math.sqrt(length)),
        first=Combine.ADD, function=Function.RSQRT, second=Combine.MUL, outer=phase.tokens,
    )  # fmt: skip
    code.misc(
        "norm", destination, source, dataclasses.replace(weights, outer=0), Ref(roots, scalar=True),
        first=Combine.MUL, second=Combine.MUL, outer=phase.tokens, length=length,
    )  # fmt: skip


def linear(
    target: Target,
    phase: Phase,
    matrix: str,
    source: Ref,
    destination: Ref,
    register: R,
    part: int = 0,
    parts: int = 1,
) -> None:
    """One MM or MV over the whole matrix, or over one of `parts` equal parts of its tiles."""
    plan = target.plan.matrices[matrix]
    opcode = Opcode.MM if phase.many else Opcode.MV
    tiles = plan.tiles // parts
    first = target.plan.address("weights") + plan.offset + part * tiles * plan.stride
    target.code.emit(
        Multiply(
            opcode,
            address=beats(first, register),
            stride=plan.stride,
            tiles=count(tiles),
            groups=count(plan.groups),
            format=FormatField.of(plan.layout.format),
            tile_rows=TileRows.of(plan.layout.rows),
            strands=plan.strands,
            outer=small_count(phase.tokens),
            inner=1,
        ),
        "weights",
        {"operand": source, "destination": destination},
    )


def rope(target: Target, phase: Phase, heads: int, values: Buffer) -> None:
    """Rotate pairs (i, i + head_dim / 2) of each head in place, four passes.

    low' = low cos - high sin, high' = high cos + low sin.
    """
    half = target.graph.head_dim // 2
    head = granules(target.graph.head_dim)
    low = Ref(values, inner=head)
    high = Ref(values, granules(half), inner=head)
    crossed = granules(half)
    cosine, sine = (Ref(target.vector(n, target.tokens, half)) for n in ("cosines", "sines"))
    from_high = Ref(target.vector("rope_high", phase.rows, heads * crossed * 16), inner=crossed)
    from_low = Ref(target.vector("rope_low", phase.rows, heads * crossed * 16), inner=crossed)
    for destination, source, factor in ((from_high, high, sine), (from_low, low, sine)):
        target.code.misc(
            "rope", destination, source, factor,
            first=Combine.MUL, outer=phase.tokens, inner=heads, length=half,
        )  # fmt: skip
    for place, other, second in ((low, from_high, Combine.SUB), (high, from_low, Combine.ADD)):
        target.code.misc(
            "rope", place, place, cosine, other,
            first=Combine.MUL, second=second, outer=phase.tokens, inner=heads, length=half,
        )  # fmt: skip


def swiglu(
    target: Target, phase: Phase, node: ir.SwiGlu, gate: Ref, up: Ref, destination: Ref
) -> None:
    """Three passes: 1 + 2**(-x log2 e), its reciprocal times x, and times up, quantised."""
    code, length = target.code, node.features
    opened = Ref(target.vector("opened", phase.rows, length))
    code.misc(
        "gate", opened, gate, target.constant(-LOG2_E), target.constant(1.0),
        first=Combine.MUL, function=Function.EXP2, second=Combine.ADD,
        outer=phase.tokens, length=length,
    )  # fmt: skip
    code.misc(
        "gate", opened, opened, c=gate,
        function=Function.RECIPROCAL, second=Combine.MUL, outer=phase.tokens, length=length,
    )  # fmt: skip
    code.misc(
        "gate", destination, opened, up,
        first=Combine.MUL, outer=phase.tokens, length=length,
    )  # fmt: skip


def add(target: Target, phase: Phase, node: ir.Add, a: Ref, b: Ref, destination: Ref) -> None:
    """One pass."""
    target.code.misc(
        "residual", destination, a, b,
        first=Combine.ADD, outer=phase.tokens, length=node.features,
    )  # fmt: skip


def groups_of(features: int) -> int:
    """Groups of 32 that hold `features` elements."""
    return -(-features // GROUP)
