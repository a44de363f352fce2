"""Lowering of everything in a layer but attention: norms, products, rotation, gating, sums."""

from __future__ import annotations

import math

from wingbeat.compiler.graph import ir
from wingbeat.compiler.lower.code import Buffer, Ref, beats, count, small_count
from wingbeat.compiler.lower.registers import R
from wingbeat.compiler.lower.target import LOG2_E, Phase, Target, granules
from wingbeat.hw.formats import GROUP
from wingbeat.hw.isa.instructions import Combine, Function, Load, Multiply, Opcode, Reduce
from wingbeat.hw.isa.operands import FormatField, TileRows


def rms_norm(
    target: Target, phase: Phase, node: ir.RmsNorm, source: Ref, destination: Ref, register: R
) -> None:
    """Three passes: sum of squares, its root, and (x * weight) * root, quantised on the way out."""
    code, length = target.code, node.features
    weights = target.vector("norm_weights", 1, length)
    code.emit(
        Load(
            Opcode.LD,
            address=beats(
                target.plan.address("vectors") + target.plan.vectors[node.vector], register
            ),
            rows=small_count(1),
            length=count(length),
        ),
        "norm weights",
        {"destination": Ref(weights)},
    )
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
        "norm", destination, source, Ref(weights, outer=0), Ref(roots, scalar=True),
        first=Combine.MUL, second=Combine.MUL, outer=phase.tokens, length=length,
    )  # fmt: skip


def linear(
    target: Target, phase: Phase, matrix: str, source: Ref, destination: Ref, register: R
) -> None:
    """One MM or MV over the whole matrix."""
    plan = target.plan.matrices[matrix]
    opcode = Opcode.MM if phase.many else Opcode.MV
    target.code.emit(
        Multiply(
            opcode,
            address=beats(target.plan.address("weights") + plan.offset, register),
            stride=plan.stride,
            tiles=count(plan.tiles),
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


def rope(
    target: Target, phase: Phase, heads: int, values: Buffer, cosines: Buffer, sines: Buffer
) -> None:
    """Rotate pairs (i, i + head_dim / 2) of each head in place, four passes.

    low' = low cos - high sin, high' = high cos + low sin.
    """
    half = target.graph.head_dim // 2
    head = granules(target.graph.head_dim)
    low = Ref(values, inner=head)
    high = Ref(values, granules(half), inner=head)
    crossed = granules(half)
    cosine, sine = Ref(cosines), Ref(sines)
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
