"""Lowering of the caches: new keys and values are quantised and stored."""

from __future__ import annotations

from wingbeat.compiler.graph import ir
from wingbeat.compiler.lower.code import Buffer, Ref, beats, count, small_count
from wingbeat.compiler.lower.registers import R
from wingbeat.compiler.lower.target import Phase, Target, granules
from wingbeat.hw.formats import GROUP
from wingbeat.hw.isa.instructions import Opcode, Store, StoreKind
from wingbeat.hw.isa.operands import TileRows


def append_keys(target: Target, phase: Phase, node: ir.Attention, key: Buffer) -> None:
    """Append keys: groups of 32 elements share a scale."""
    coded = _quantised(target, phase, node, "keys", key, GROUP)
    caches = target.plan.caches
    for head in range(node.kv_heads):
        target.code.emit(
            Store(
                Opcode.ST,
                kind=StoreKind.KEYS,
                address=beats(target.plan.address("cache") + head * caches.head_beats, R.CACHE),
                rows=small_count(phase.tokens),
                length=count(target.graph.head_dim),
                tile_rows=TileRows.of(caches.keys.rows),
                position=R.POSITION,
            ),
            "keys cache",
            {"operand": Ref(coded, head * (target.graph.head_dim // GROUP))},
            writes=(f"keys {head}",),
        )


def append_values(target: Target, phase: Phase, node: ir.Attention, value: Buffer) -> None:
    """Append values: those of a head share a scale, which is stored apart."""
    coded = _quantised(target, phase, node, "values", value, target.graph.head_dim)
    caches = target.plan.caches
    cache = target.plan.address("cache") + caches.key_beats
    scales = target.plan.address("value_scales")
    for head in range(node.kv_heads):
        target.code.emit(
            Store(
                Opcode.ST,
                kind=StoreKind.VALUES,
                address=beats(cache + head * caches.head_beats, R.CACHE),
                stride=caches.value_tile_beats,
                rows=small_count(phase.tokens),
                length=count(target.graph.head_dim),
                tile_rows=TileRows.of(caches.values.rows),
                list=beats(scales + head * caches.scale_beats, R.SCALES),
                position=R.POSITION,
            ),
            "values cache",
            {"operand": Ref(coded, head * (target.graph.head_dim // GROUP))},
            writes=(f"values {head}",),
        )


def _quantised(
    target: Target, phase: Phase, node: ir.Attention, name: str, source: Buffer, group: int
) -> Buffer:
    """Quantise the heads of all tokens."""
    dim = target.graph.head_dim
    groups = dim // GROUP
    coded = target.operand(name, phase.rows, node.kv_heads * groups)
    target.code.misc(
        "quantise", Ref(coded, inner=groups), Ref(source, inner=granules(dim)),
        group=group, outer=phase.tokens, inner=node.kv_heads, length=dim,
    )  # fmt: skip
    return coded
