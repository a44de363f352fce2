"""Lowering of the head: logits in blocks, their maxima, the best token.

Logits are stored to memory as they come, in FP32, for whoever asked for them. Of the last token,
each 64 logits leave one maximum; the best of these leads to the best token without a second look
at the others, and a host that samples finds its k candidates in the k tiles with the highest
maxima. Rows that pad the vocabulary repeat its last token, so they never win.
"""

from __future__ import annotations

from wingbeat.compiler.lower.code import Buffer, Ref, beats, count, small_count
from wingbeat.compiler.lower.registers import R
from wingbeat.compiler.lower.target import Phase, Target, granules
from wingbeat.compiler.plan import MAXIMUM_WORDS
from wingbeat.hw.control import RING_ENTRIES, RING_WORD
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import (
    Load,
    Multiply,
    Opcode,
    Reduce,
    Scalar,
    Store,
    StoreKind,
    System,
)
from wingbeat.hw.isa.operands import FormatField, TileRows

_MAXIMUM_BEATS = MAXIMUM_WORDS // WORDS_PER_BEAT
_MAXIMUM_GRANULES = granules(MAXIMUM_WORDS)


def maxima_buffer(target: Target) -> Buffer:
    """One word for each 64 logits."""
    return target.vector("maxima", 1, target.plan.head.padded_rows // MAXIMUM_WORDS)


def head(target: Target, phase: Phase, source: Ref) -> None:
    """Logits of the normed operand's rows, in a loop of two blocks a trip."""
    plan, code = target.plan.head, target.code
    block_rows = target.plan.head_tiles * plan.layout.tile_height
    trips = plan.tiles // (2 * target.plan.head_tiles)
    block_beats = target.plan.head_tiles * plan.stride
    logit_beats = block_rows // WORDS_PER_BEAT
    maxima = maxima_buffer(target)
    # weights, logits and maxima of a block lie one block behind those of the block before
    code.set(R.BLOCK, 0)
    code.set(R.WEIGHTS, 0)
    code.set(R.VECTORS, 0)
    last_row = R.ZERO
    if phase.many:
        last_row = R.SECOND
        code.scalar(Scalar.SUB, last_row, R.ROWS, 1)
        code.scalar(Scalar.MUL, last_row, last_row, granules(block_rows))
    with code.loop(trips):
        for turn in range(2):
            logits = target.vector(f"logits_{turn}", phase.rows, block_rows)
            code.emit(
                Multiply(
                    Opcode.MM if phase.many else Opcode.MV,
                    address=beats(
                        target.plan.address("weights") + plan.offset + turn * block_beats,
                        R.WEIGHTS,
                    ),
                    stride=plan.stride,
                    tiles=count(target.plan.head_tiles),
                    groups=count(plan.groups),
                    format=FormatField.of(plan.layout.format),
                    tile_rows=TileRows.of(plan.layout.rows),
                    strands=plan.strands,
                    outer=small_count(phase.tokens),
                    inner=1,
                ),
                "head",
                {"operand": source, "destination": Ref(logits)},
            )
            code.emit(
                Store(
                    Opcode.ST,
                    kind=StoreKind.VECTOR,
                    address=beats(target.plan.address("logits") + turn * logit_beats, R.BLOCK),
                    stride=plan.padded_rows // WORDS_PER_BEAT,
                    rows=small_count(phase.tokens),
                    length=count(block_rows),
                ),
                "logits",
                {"vector": Ref(logits)},
                writes=("logits",),
            )
            code.misc(
                "maxima",
                Ref(maxima, turn * granules(block_rows // MAXIMUM_WORDS), R.VECTORS),
                Ref(logits, register=last_row, inner=_MAXIMUM_GRANULES),
                reduce=Reduce.MAX, inner=block_rows // MAXIMUM_WORDS, length=MAXIMUM_WORDS,
            )  # fmt: skip
        code.scalar(Scalar.ADD, R.BLOCK, R.BLOCK, 2 * logit_beats)
        code.scalar(Scalar.ADD, R.WEIGHTS, R.WEIGHTS, 2 * block_beats)
        code.scalar(Scalar.ADD, R.VECTORS, R.VECTORS, 2 * granules(block_rows // MAXIMUM_WORDS))


def best_token(target: Target) -> None:
    """Find the best token of the last row; TOKEN receives it."""
    plan, code = target.plan.head, target.code
    maxima = maxima_buffer(target)
    tiles = plan.padded_rows // MAXIMUM_WORDS
    found = target.vector("found", 1, 16)
    candidates = target.vector("candidates", 1, MAXIMUM_WORDS)
    code.emit(
        Store(
            Opcode.ST,
            kind=StoreKind.VECTOR,
            address=beats(target.plan.address("maxima")),
            rows=small_count(1),
            length=count(tiles),
        ),
        "maxima",
        {"vector": Ref(maxima)},
        writes=("maxima",),
    )
    code.misc("best token", Ref(found), Ref(maxima), reduce=Reduce.ARGMAX, length=tiles)
    _peek(target, R.TOKEN, found)
    code.scalar(Scalar.SUB, R.SCRATCH, R.ROWS, 1)
    code.scalar(Scalar.MUL, R.SCRATCH, R.SCRATCH, plan.padded_rows // WORDS_PER_BEAT)
    code.scalar(Scalar.MIN, R.TOKEN, R.TOKEN, tiles - 1)
    code.scalar(Scalar.MUL, R.SECOND, R.TOKEN, _MAXIMUM_BEATS)
    code.scalar(Scalar.ADD, R.SCRATCH, R.SCRATCH, R.SECOND)
    code.emit(
        Load(
            Opcode.LD,
            address=beats(target.plan.address("logits"), R.SCRATCH),
            rows=small_count(1),
            length=count(MAXIMUM_WORDS),
        ),
        "best token",
        {"destination": Ref(candidates)},
        reads=("logits",),
    )
    code.misc("best token", Ref(found), Ref(candidates), reduce=Reduce.ARGMAX, length=MAXIMUM_WORDS)
    code.scalar(Scalar.MUL, R.SECOND, R.TOKEN, MAXIMUM_WORDS)
    _peek(target, R.TOKEN, found)
    code.scalar(Scalar.ADD, R.TOKEN, R.TOKEN, R.SECOND)


def _peek(target: Target, register: R, found: Buffer) -> None:
    """Read the index that an ARGMAX left in the second word."""
    target.code.emit(
        System(Opcode.SYS, operation=Scalar.PEEK, destination=register, length=1),
        "best token",
        {"vector": Ref(found)},
    )


def publish(target: Target) -> None:
    """Append TOKEN to the request's list and to the ring."""
    code = target.code
    ring = target.plan.address("control") * WORDS_PER_BEAT
    tokens = target.plan.address("tokens") * WORDS_PER_BEAT

    def store(kind: StoreKind, word: int, offset: R, value: R, label: str) -> None:
        code.emit(
            Store(
                Opcode.ST,
                kind=kind,
                list=beats(word, offset),
                position=value,
                length=count(RING_ENTRIES if kind is StoreKind.PUBLISH else 0),
            ),
            "publish",
            writes=(label,),
        )

    code.scalar(Scalar.ADD, R.SCRATCH, R.LIST, R.KNOWN)
    store(StoreKind.WORD, tokens, R.SCRATCH, R.TOKEN, "tokens")
    code.scalar(Scalar.AND, R.SCRATCH, R.SEQUENCE, RING_ENTRIES - 1)
    store(StoreKind.WORD, ring + RING_WORD, R.SCRATCH, R.TOKEN, "ring")
    code.scalar(Scalar.ADD, R.SEQUENCE, R.SEQUENCE, 1)
    store(StoreKind.PUBLISH, ring, R.ZERO, R.SEQUENCE, "ring")
    code.scalar(Scalar.ADD, R.KNOWN, R.KNOWN, 1)
    code.scalar(Scalar.MIN, R.KNOWN, R.KNOWN, target.graph.context)
