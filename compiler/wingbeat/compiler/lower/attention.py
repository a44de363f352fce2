"""Lowering of attention: queries, scores, softmax, weighted values.

For each key/value head, all query heads that share it are served in one pass over the cache. The
softmax runs over the whole row, so that a result depends neither on how the prompt was chunked
nor on any block size:

    scores  = K q                 q carries the factor log2(e) / sqrt(head_dim)
    m       = max(scores)
    total   = sum(2**(scores - m))
    weights = 2**(scores - m) * value scale        quantised, not normalised
    result  = (V weights) / total

Positions behind a token are left out of every pass (`step`), so that what lies behind the end of
the cache never matters. The scores of one head are computed before the values of the head before
it are weighted, and of one token the queries of later heads before either: softmax hides behind the
matrix unit.
"""

from __future__ import annotations

import dataclasses

from wingbeat.compiler.graph import ir
from wingbeat.compiler.lower.code import Amount, Buffer, Ref, beats, count, small_count
from wingbeat.compiler.lower.queries import Queries
from wingbeat.compiler.lower.registers import R
from wingbeat.compiler.lower.target import PartLimits, Phase, Target, granules
from wingbeat.compiler.plan import round_up, strands_of
from wingbeat.hw.formats import GROUP, KEY_CACHE, VALUE_CACHE
from wingbeat.hw.isa.instructions import (
    Combine,
    Element,
    Function,
    Load,
    Multiply,
    Opcode,
    Reduce,
    Scalar,
)
from wingbeat.hw.isa.operands import FormatField, TileRows


@dataclasses.dataclass(frozen=True)
class _Part:
    """The tokens whose scores are in the vector memory at once.

    `length` and `end` are the positions that its first and its last token see; the last three
    registers are added to the addresses of queries, results and totals.
    """

    tokens: Amount
    limits: PartLimits
    length: R
    end: R
    tiles: R
    groups: R
    queries: R = R.ZERO
    results: R = R.ZERO
    totals: R = R.ZERO

    @property
    def rows(self) -> int:
        """Tokens at most."""
        return self.limits.tokens


def attention(
    target: Target,
    phase: Phase,
    node: ir.Attention,
    queries: Queries,
    destination: Ref,
) -> None:
    """Lower one attention node, behind the appends to its caches; the destination is quantised."""
    graph, code = target.graph, target.code
    dim = graph.head_dim
    groups = dim // GROUP
    pitch = granules(target.plan.caches.value_tiles * target.plan.caches.values.tile_height)
    results = target.vector("attended", phase.rows, node.heads * pitch * 16)
    totals = target.vector("totals", phase.rows, node.heads * 16)
    if phase.many:
        queries.ahead_of(node.kv_heads - 1)
        _in_parts(target, node, queries, results, totals)
    else:
        limits = PartLimits(1, graph.context)
        part = _Part(1, limits, R.LENGTH, R.LENGTH, R.TILES, R.GROUPS)
        _heads(target, node, part, queries, results, totals)
    for half in phase.halves(target):
        per_head = half.of(Ref(totals, inner=1, scalar=True))
        code.misc(
            "softmax", half.of(Ref(totals, inner=1)), per_head,
            function=Function.RECIPROCAL, outer=half.tokens, inner=node.heads,
        )  # fmt: skip
        weighted = dataclasses.replace(destination, inner=groups)
        code.misc(
            "softmax", half.of(weighted), half.of(Ref(results, inner=pitch)), per_head,
            first=Combine.MUL, outer=half.tokens, inner=node.heads, length=dim,
        )  # fmt: skip


def _in_parts(
    target: Target, node: ir.Attention, queries: Queries, results: Buffer, totals: Buffer
) -> None:
    """Loop over the chunk, as many tokens at a time as the scores have room for.

    Short contexts leave room for more tokens: the code for each pair of limits is there, and the
    length decides which of them has a trip.
    """
    code = target.code
    shortest = 0
    for part in target.parts:
        code.scalar(Scalar.LESS, R.SCRATCH, R.LENGTH, part.positions + 1)
        code.set(R.SECOND, shortest)
        code.scalar(Scalar.LESS, R.SECOND, R.SECOND, R.LENGTH)
        code.scalar(Scalar.AND, R.SCRATCH, R.SCRATCH, R.SECOND)
        with code.loop(R.SCRATCH):
            _parts(target, node, part, queries, results, totals)
        shortest = part.positions


def _parts(
    target: Target,
    node: ir.Attention,
    limits: PartLimits,
    queries: Queries,
    results: Buffer,
    totals: Buffer,
) -> None:
    code, keys = target.code, target.plan.caches.keys
    code.set(R.PART, 0)
    code.scalar(Scalar.CEILDIV, R.SCRATCH, R.TOKENS, limits.tokens)
    with code.loop(R.SCRATCH):
        code.scalar(Scalar.SUB, R.PART_TOKENS, R.TOKENS, R.PART)
        code.scalar(Scalar.MIN, R.PART_TOKENS, R.PART_TOKENS, limits.tokens)
        # the first token of the part sees itself and everything before it
        code.scalar(Scalar.ADD, R.PART_LENGTH, R.POSITION, R.PART, 1)
        code.scalar(Scalar.MIN, R.PART_LENGTH, R.PART_LENGTH, limits.positions)
        code.scalar(Scalar.ADD, R.PART_END, R.PART_LENGTH, R.PART_TOKENS, -1)
        code.scalar(Scalar.MIN, R.PART_END, R.PART_END, limits.positions)
        code.scalar(Scalar.CEILDIV, R.PART_TILES, R.PART_END, keys.tile_height)
        code.scalar(Scalar.CEILDIV, R.PART_GROUPS, R.PART_END, GROUP)
        code.scalar(Scalar.MUL, R.PART_QUERIES, R.PART, queries.coded[0].pitch)
        code.scalar(Scalar.MUL, R.PART_RESULTS, R.PART, results.pitch)
        code.scalar(Scalar.MUL, R.PART_TOTALS, R.PART, totals.pitch)
        part = _Part(
            tokens=R.PART_TOKENS,
            limits=limits,
            length=R.PART_LENGTH,
            end=R.PART_END,
            tiles=R.PART_TILES,
            groups=R.PART_GROUPS,
            queries=R.PART_QUERIES,
            results=R.PART_RESULTS,
            totals=R.PART_TOTALS,
        )
        _heads(target, node, part, queries, results, totals)
        code.scalar(Scalar.ADD, R.PART, R.PART, limits.tokens)


def _heads(
    target: Target,
    node: ir.Attention,
    part: _Part,
    queries: Queries,
    results: Buffer,
    totals: Buffer,
) -> None:
    """All heads, scores of the next before values of the last."""
    for head in range(node.kv_heads + 1):
        if head < node.kv_heads:
            queries.ahead_of(head)
            _scores(target, node, part, head, queries.of(head), totals)
        if head:
            _values(target, node, part, head - 1, results)


def _buffers(target: Target, node: ir.Attention, part: _Part, head: int) -> tuple[Buffer, Buffer]:
    """Scores and weights of a head; heads take turns with two of each."""
    shared = node.heads // node.kv_heads
    positions = _positions(target, part)
    turn = head % 2
    scores = target.vector(f"scores_{turn}", part.rows, shared * positions)
    weights = target.operand(f"weights_{turn}", part.rows, shared * (positions // GROUP))
    return scores, weights


def _positions(target: Target, part: _Part) -> int:
    """Elements of a row of scores.

    The verifier takes the longest first row and adds the steps of the others to it, so rows have
    room for that although no token sees more than the context.
    """
    written = round_up(part.limits.positions, target.plan.caches.keys.tile_height)
    return round_up(max(written, part.limits.positions + part.rows - 1), GROUP)


def _scores(
    target: Target, node: ir.Attention, part: _Part, head: int, queries: Ref, totals: Buffer
) -> None:
    code, caches = target.code, target.plan.caches
    shared = node.heads // node.kv_heads
    groups = target.graph.head_dim // GROUP
    scores, weights = _buffers(target, node, part, head)
    length = _positions(target, part)
    positions = granules(length)
    scales = target.vector(f"value_scales_{head % 2}", 1, length)
    code.emit(
        Load(
            Opcode.LD,
            element=Element.F16,
            address=beats(
                target.plan.address("value_scales") + head * caches.scale_beats, R.SCALES
            ),
            rows=small_count(1),
            length=count(part.end),
        ),
        "value scales",
        {"destination": Ref(scales)},
        reads=(f"values {head}",),
    )
    code.emit(
        Multiply(
            Opcode.MM if shared * part.rows > 1 else Opcode.MV,
            address=beats(target.plan.address("cache") + head * caches.head_beats, R.CACHE),
            stride=caches.key_tile_beats,
            tiles=count(part.tiles),
            groups=count(groups),
            format=FormatField.of(KEY_CACHE),
            tile_rows=TileRows.of(caches.keys.rows),
            strands=strands_of(caches.keys),
            outer=small_count(part.tokens),
            inner=shared,
        ),
        "keys",
        {
            "operand": dataclasses.replace(queries, register=part.queries),
            "destination": Ref(scores, inner=positions),
        },
        reads=(f"keys {head}",),
    )
    rows = Ref(scores, inner=positions)
    peaks = Ref(target.vector(f"peaks_{head % 2}", part.rows, shared * 16), inner=1, scalar=True)
    total = Ref(totals, head * shared, part.totals, inner=1, scalar=True)
    code.misc(
        "softmax", peaks, rows,
        reduce=Reduce.MAX, outer=part.tokens, inner=shared, length=part.length, step=True,
    )  # fmt: skip
    # the weights first: the matrix unit waits for them, for the total only the end does
    code.misc(
        "softmax", Ref(weights, inner=positions * 16 // GROUP), rows, peaks, Ref(scales, outer=0),
        first=Combine.SUB, function=Function.EXP2, second=Combine.MUL,
        outer=part.tokens, inner=shared, length=part.length, step=True,
    )  # fmt: skip
    code.misc(
        "softmax", total, rows, peaks,
        first=Combine.SUB, function=Function.EXP2, reduce=Reduce.SUM,
        outer=part.tokens, inner=shared, length=part.length, step=True,
    )  # fmt: skip


def _values(target: Target, node: ir.Attention, part: _Part, head: int, results: Buffer) -> None:
    caches = target.plan.caches
    shared = node.heads // node.kv_heads
    _, weights = _buffers(target, node, part, head)
    pitch = results.pitch // node.heads
    target.code.emit(
        Multiply(
            Opcode.MM if shared * part.rows > 1 else Opcode.MV,
            address=beats(
                target.plan.address("cache") + head * caches.head_beats + caches.key_beats,
                R.CACHE,
            ),
            stride=caches.value_tile_beats,
            tiles=count(caches.value_tiles),
            groups=count(part.groups),
            format=FormatField.of(VALUE_CACHE),
            tile_rows=TileRows.of(caches.values.rows),
            strands=strands_of(caches.values),
            outer=small_count(part.tokens),
            inner=shared,
        ),
        "values",
        {
            "operand": Ref(weights, inner=_positions(target, part) // GROUP),
            "destination": Ref(results, head * shared * pitch, part.results, inner=pitch),
        },
        reads=(f"values {head}",),
    )
