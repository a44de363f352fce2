"""Lowering of an attention's queries: product, rotation, quantisation, some heads at a time.

The heads' queries are multiplied in a few parts, of one token each part before the scores of the
part ahead of it: rotation and quantisation of a part hide behind the weights of the next.
"""

from __future__ import annotations

import dataclasses
import math

from wingbeat.compiler.graph import ir
from wingbeat.compiler.lower.code import Buffer, Ref
from wingbeat.compiler.lower.layer import linear, rope
from wingbeat.compiler.lower.registers import R
from wingbeat.compiler.lower.target import LOG2_E, Phase, Target, granules
from wingbeat.hw.formats import GROUP
from wingbeat.hw.isa.instructions import Combine

_MOST_PARTS = 4
"""More would hide nothing more, and every part takes instructions."""


@dataclasses.dataclass
class Queries:
    """The queries of one attention node, on their way.

    Attributes
    ----------
    projection : node that makes them
    source : what it multiplies
    coded : where they go, part by part: buffers of their own, so that nobody waits for all of them
    """

    target: Target
    phase: Phase
    node: ir.Attention
    projection: ir.Linear
    source: Ref
    coded: list[Buffer] = dataclasses.field(default_factory=list)

    @property
    def parts(self) -> int:
        """Parts of equal size: whole key/value heads, whole tiles."""
        plan = self.target.plan.matrices[self.projection.matrix]
        if plan.padded_rows != plan.rows:
            return 1
        choices = range(_MOST_PARTS, 0, -1)
        return next(n for n in choices if self.node.kv_heads % n == plan.tiles % n == 0)

    def ahead_of(self, head: int) -> None:
        """Emit what stands in front of the scores of a key/value head: its part and one more."""
        part = head // (self.node.kv_heads // self.parts)
        while len(self.coded) < min(part + 2, self.parts):
            self.project()

    def of(self, head: int) -> Ref:
        """View the first query of a key/value head."""
        heads = self.node.kv_heads // self.parts
        shared = self.node.heads // self.node.kv_heads
        groups = self.target.graph.head_dim // GROUP
        return Ref(self.coded[head // heads], head % heads * shared * groups, inner=groups)

    def project(self) -> None:
        """Emit the next part."""
        part, parts = len(self.coded), self.parts
        target, phase, matrix = self.target, self.phase, self.projection.matrix
        dim, heads = target.graph.head_dim, self.node.heads // parts
        rows = target.plan.matrices[matrix].padded_rows // parts
        vectors = target.vector(f"query_{part}", phase.rows, rows)
        linear(target, phase, matrix, self.source, Ref(vectors), R.WEIGHTS, part, parts)
        rope(target, phase, heads, vectors)
        groups = dim // GROUP
        coded = target.operand(f"queries_{part}", phase.rows, heads * groups)
        target.code.misc(
            "quantise", Ref(coded, inner=groups), Ref(vectors, inner=granules(dim)),
            target.constant(LOG2_E / math.sqrt(dim)),
            first=Combine.MUL, outer=phase.tokens, inner=heads, length=dim,
        )  # fmt: skip
        self.coded.append(coded)
