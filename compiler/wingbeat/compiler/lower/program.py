"""The whole program: one for every prompt length, every context and both phases.

    repeat for every chunk of the prompt, then for every further token:
        gather the tokens' embeddings, make their rotations
        many tokens:  repeat for every layer: matrix-matrix
        one token:    repeat for every layer: matrix-vector
        if logits are wanted:    norm, head
        if a token is wanted:    choose the best, append it to the list, publish it

Conditions are loops of zero or one trip. Numbers that come from outside are clamped, so that the
verifier can prove every address.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from wingbeat.compiler.graph import ir
from wingbeat.compiler.graph.passes import Run
from wingbeat.compiler.lower import layer as ops
from wingbeat.compiler.lower.attention import attention
from wingbeat.compiler.lower.caches import append_keys, append_values
from wingbeat.compiler.lower.code import Buffer, Ref, beats, count, small_count
from wingbeat.compiler.lower.head import best_token, head, publish
from wingbeat.compiler.lower.queries import Queries
from wingbeat.compiler.lower.registers import R
from wingbeat.compiler.lower.target import Phase, Target, granules
from wingbeat.compiler.plan import token_words
from wingbeat.hw.control import RING_ENTRIES
from wingbeat.hw.formats import GROUP
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import (
    Combine,
    Function,
    Load,
    LoadKind,
    Opcode,
    Scalar,
    System,
)
from wingbeat.hw.isa.operands import FormatField, TileRows
from wingbeat.hw.isa.program import Argument


def arguments(target: Target) -> tuple[Argument, ...]:
    """Return what a host passes to a start."""
    context = target.graph.context
    return (
        Argument("known", R.KNOWN, 1, context, "tokens in the slot's list"),
        Argument("position", R.POSITION, 0, context - 1, "first token that is not in the cache"),
        Argument("generate", R.GENERATE, 0, RING_ENTRIES, "tokens to generate, at most"),
        Argument("slot", R.SLOT, 0, target.plan.caches.slots - 1, "caches to use"),
        Argument("all_logits", R.ALL_LOGITS, 0, 1, "1: logits of every token, not of the last"),
        Argument("sequence", R.SEQUENCE, 0, (1 << 32) - 1, "the ring's head"),
    )


def lower(target: Target) -> None:
    """Fill `target.code` with the program."""
    code = target.code
    stream = target.vector("stream", target.tokens, target.graph.nodes[0].features)
    _prologue(target)
    code.scalar(Scalar.SUB, R.SCRATCH, R.KNOWN, R.POSITION)
    code.scalar(Scalar.MIN, R.SCRATCH, R.SCRATCH, target.graph.context)
    code.scalar(Scalar.CEILDIV, R.SCRATCH, R.SCRATCH, target.tokens)
    code.scalar(Scalar.MAX, R.SECOND, R.GENERATE, 1)
    code.scalar(Scalar.ADD, R.SCRATCH, R.SCRATCH, R.SECOND)
    code.scalar(Scalar.SUB, R.SCRATCH, R.SCRATCH, 1)
    with code.loop(R.SCRATCH):
        _begin_step(target)
        _embed(target, stream)
        code.scalar(Scalar.LESS, R.SCRATCH, R.ZERO, R.TOKENS, -1)
        with code.loop(R.SCRATCH):
            _layers(target, Phase.chunk(target), stream)
        code.scalar(Scalar.EQUAL, R.SCRATCH, R.TOKENS, 1)
        with code.loop(R.SCRATCH):
            _layers(target, Phase.single(), stream)
        _finish_step(target, stream)
    code.emit(System(Opcode.SYS, operation=Scalar.HALT), "end")


def _prologue(target: Target) -> None:
    """Load the constants and find the slot's places."""
    code = target.code
    buffer = target.constant_buffer
    # rotations first: their place is needed whatever else the program uses
    target.constant(*target.graph.frequencies)
    code.emit(
        Load(
            Opcode.LD,
            address=beats(target.plan.address("constants")),
            rows=small_count(1),
            length=count(buffer.size * 16),
        ),
        "constants",
        {"destination": Ref(buffer)},
    )
    code.scalar(Scalar.MUL, R.LIST, R.SLOT, token_words(target.graph.context))


def _begin_step(target: Target) -> None:
    """How many tokens, and how far the caches reach after them."""
    code, context, caches = target.code, target.graph.context, target.plan.caches
    code.scalar(Scalar.SUB, R.TOKENS, R.KNOWN, R.POSITION)
    code.scalar(Scalar.MIN, R.TOKENS, R.TOKENS, target.tokens)
    code.scalar(Scalar.MAX, R.TOKENS, R.TOKENS, 1)
    code.scalar(Scalar.ADD, R.LENGTH, R.POSITION, R.TOKENS)
    code.scalar(Scalar.MIN, R.LENGTH, R.LENGTH, context)
    code.scalar(Scalar.CEILDIV, R.TILES, R.LENGTH, caches.keys.tile_height)
    code.scalar(Scalar.CEILDIV, R.GROUPS, R.LENGTH, GROUP)
    # a chunk that would reach behind the context starts earlier: the host never asks for one
    code.scalar(Scalar.SUB, R.POSITION, R.LENGTH, R.TOKENS)
    code.scalar(Scalar.MIN, R.POSITION, R.POSITION, context - 1)


def _embed(target: Target, stream: Buffer) -> None:
    code, plan = target.code, target.plan
    node = target.graph.nodes[0]
    assert isinstance(node, ir.Embedding)
    matrix = plan.matrices[node.matrix]
    code.scalar(Scalar.ADD, R.SCRATCH, R.LIST, R.POSITION)
    code.emit(
        Load(
            Opcode.LD,
            kind=LoadKind.GATHER,
            address=beats(plan.address("weights") + matrix.offset),
            rows=small_count(R.TOKENS),
            length=count(matrix.columns),
            list=beats(plan.address("tokens") * WORDS_PER_BEAT, R.SCRATCH),
            format=FormatField.of(matrix.layout.format),
            tile_rows=TileRows.of(matrix.layout.rows),
            last=matrix.rows - 1,
        ),
        "embedding",
        {"destination": Ref(stream)},
        reads=("tokens",),
    )
    positions = target.vector("positions", target.tokens, 1)
    code.emit(
        Load(
            Opcode.LD,
            address=beats(plan.address("positions"), R.POSITION),
            stride=1,
            rows=small_count(R.TOKENS),
            length=count(1),
        ),
        "positions",
        {"destination": Ref(positions)},
    )
    half = target.graph.head_dim // 2
    turns = dataclasses.replace(target.constant(*target.graph.frequencies), scalar=False)
    for name, function in (("cosines", Function.COS), ("sines", Function.SIN)):
        code.misc(
            "rope", Ref(target.vector(name, target.tokens, half)), Ref(positions, scalar=True),
            turns, first=Combine.MUL, function=function, outer=R.TOKENS, length=half,
        )  # fmt: skip


def _layers(target: Target, phase: Phase, stream: Buffer) -> None:
    code, caches = target.code, target.plan.caches
    halves = phase.halves(target)
    if len(halves) > 1:
        code.scalar(Scalar.MIN, R.FRONT, R.TOKENS, halves[0].rows)
        code.scalar(Scalar.MAX, R.BACK, R.TOKENS, halves[0].rows)
        code.scalar(Scalar.SUB, R.BACK, R.BACK, halves[0].rows)
    first = next(n for n in target.graph.nodes if isinstance(n, ir.RmsNorm))
    ops.load_norms(target, first, Ref(_norms(target), granules(first.features)), R.ZERO, 1)
    code.scalar(Scalar.MUL, R.CACHE, R.SLOT, caches.slot_beats)
    scales = caches.kv_heads * caches.scale_beats
    code.scalar(Scalar.MUL, R.SCALES, R.SLOT, caches.layers * scales)
    for run, weights, vectors in target.plan.runs:
        code.set(R.WEIGHTS, 0)
        code.set(R.VECTORS, 0)
        with code.loop(run.count):
            _layer(target, phase, run, stream)
            code.scalar(Scalar.ADD, R.WEIGHTS, R.WEIGHTS, weights)
            code.scalar(Scalar.ADD, R.VECTORS, R.VECTORS, vectors)
            code.scalar(Scalar.ADD, R.CACHE, R.CACHE, caches.layer_beats)
            code.scalar(Scalar.ADD, R.SCALES, R.SCALES, scales)


def _norms(target: Target) -> Buffer:
    """Weights of a layer's second norm, then those of the next layer's first.

    They lie in that order in memory, and behind the last layer's those of the final norm: one
    load, long before either is used.
    """
    return target.vector("norm_weights", 2, target.graph.nodes[0].features)


def _layer(target: Target, phase: Phase, run: Run, stream: Buffer) -> None:
    """Lower the first layer of a run; the others differ in the registers alone.

    Keys and values are appended to the caches as soon as they are there; the queries are left to
    the attention, which computes them part by part. Of a chunk, one half is worked on by the vector
    machine while the other is multiplied.
    """
    graph = target.graph
    nodes = graph.of_layer(run.first)
    homes: dict[str, Buffer] = {}
    attending = next(node for node in nodes if isinstance(node, ir.Attention))
    turned_query, _, value = map(graph.node, attending.inputs)
    query = graph.node(turned_query.inputs[0])
    assert isinstance(query, ir.Linear)
    first_norm, second_norm = (node for node in nodes if isinstance(node, ir.RmsNorm))
    norms = _norms(target)

    def home(node: ir.Node, words: int | None = None) -> Buffer:
        name = node.name.split(".")[-1]
        if node.place is ir.Place.OPERAND:
            buffer = target.operand(name, phase.rows, ops.groups_of(node.features))
        else:
            buffer = target.vector(name, phase.rows, words or node.features)
        homes[node.name] = buffer
        return buffer

    def source(name: str) -> Buffer:
        # what comes from outside the layer is the residual stream
        return homes.get(name, stream)

    def emit(node: ir.Node, half: Phase) -> None:
        """Lower what works on each token by itself."""
        inputs = [half.of(Ref(source(name))) for name in node.inputs]
        match node:
            case ir.RmsNorm():
                row = 1 if node is first_norm else 0
                weights = Ref(norms, row * norms.pitch)
                ops.rms_norm(target, half, node, inputs[0], weights, half.of(Ref(home(node))))
            case ir.Linear():
                place = half.of(Ref(home(node, target.plan.matrices[node.matrix].padded_rows)))
                ops.linear(target, half, node.matrix, inputs[0], place, R.WEIGHTS)
            case ir.SwiGlu():
                gate, up = inputs
                ops.swiglu(target, half, node, gate, up, half.of(Ref(home(node))))
            case ir.Add():
                # the sum takes the place of the stream, which nothing reads any more
                homes[node.name] = source(node.inputs[0])
                ops.add(target, half, node, inputs[0], inputs[1], inputs[0])

    for run_of_nodes in _by_unit(node for node in nodes if node not in (query, turned_query)):
        node = run_of_nodes[-1]
        match node:
            case ir.Rope():
                homes[node.name] = source(node.inputs[0])
                ops.rope(target, phase, node.heads, homes[node.name])
                append_keys(target, phase, attending, homes[node.name])
            case ir.Attention():
                queries = Queries(target, phase, node, query, Ref(homes[query.inputs[0]]))
                attention(target, phase, node, queries, Ref(home(node)))
            case _:
                for half in phase.halves(target):
                    for each in run_of_nodes:
                        emit(each, half)
        if node is first_norm:
            ops.load_norms(target, second_norm, Ref(norms), R.VECTORS, 2)
        elif node is value:
            append_values(target, phase, attending, homes[node.name])


def _by_unit(nodes: Iterable[ir.Node]) -> list[list[ir.Node]]:
    """Gather neighbours that the vector machine computes token by token; others stay alone."""
    together: list[list[ir.Node]] = []
    vectors = (ir.RmsNorm, ir.SwiGlu, ir.Add)
    for node in nodes:
        if together and isinstance(node, vectors) and isinstance(together[-1][-1], vectors):
            together[-1].append(node)
        else:
            together.append([node])
    return together


def _finish_step(target: Target, stream: Buffer) -> None:
    """Logits and token, where they are wanted; on to the next position."""
    code, graph = target.code, target.graph
    norm = graph.node(graph.nodes[-1].inputs[0])
    assert isinstance(norm, ir.RmsNorm)
    code.scalar(Scalar.EQUAL, R.EMIT, R.LENGTH, R.KNOWN)
    code.scalar(Scalar.LESS, R.SCRATCH, R.ZERO, R.GENERATE)
    code.scalar(Scalar.AND, R.EMIT, R.EMIT, R.SCRATCH)
    # all tokens of the step, or the last one alone
    code.scalar(Scalar.SUB, R.ROWS, R.TOKENS, 1)
    code.scalar(Scalar.MUL, R.ROWS, R.ROWS, R.ALL_LOGITS)
    code.scalar(Scalar.ADD, R.ROWS, R.ROWS, 1)
    code.scalar(Scalar.MIN, R.ROWS, R.ROWS, target.tokens)
    code.scalar(Scalar.SUB, R.FIRST_ROW, R.TOKENS, R.ROWS)
    code.scalar(Scalar.MIN, R.FIRST_ROW, R.FIRST_ROW, target.tokens - 1)
    code.scalar(Scalar.MUL, R.FIRST_ROW, R.FIRST_ROW, granules(graph.nodes[0].features))
    code.scalar(Scalar.MAX, R.SCRATCH, R.EMIT, R.ALL_LOGITS)
    with code.loop(R.SCRATCH):
        normed = target.operand(norm.name, target.tokens, ops.groups_of(norm.features))
        weights = Ref(_norms(target))
        ops.load_norms(target, norm, weights, R.ZERO, 1)
        code.scalar(Scalar.EQUAL, R.SCRATCH, R.ROWS, 1)
        with code.loop(R.SCRATCH):
            row, one = Ref(stream, register=R.FIRST_ROW), Phase.single()
            ops.rms_norm(target, one, norm, row, weights, Ref(normed))
            head(target, one, Ref(normed))
        code.scalar(Scalar.LESS, R.SCRATCH, R.ZERO, R.ROWS, -1)
        with code.loop(R.SCRATCH):
            # of several tokens all are wanted
            wanted = Phase(True, R.ROWS, target.tokens)
            ops.rms_norm(target, wanted, norm, Ref(stream), weights, Ref(normed))
            head(target, wanted, Ref(normed))
    code.set(R.POSITION, R.LENGTH)
    code.scalar(Scalar.MIN, R.POSITION, R.POSITION, graph.context - 1)
    with code.loop(R.EMIT):
        best_token(target)
        publish(target)
