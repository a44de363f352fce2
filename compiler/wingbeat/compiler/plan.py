"""The memory plan: where every matrix, vector and cache lies, before a byte is packed.

Weights are laid out in order of use, layer after layer; within a run of equal layers the distance
from one layer to the next is constant, so that one program loop serves them all.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from wingbeat.compiler.graph import ir
from wingbeat.compiler.graph.passes import Run, uniform_runs
from wingbeat.hw.config import LARGEST_STRANDS, AcceleratorConfig
from wingbeat.hw.control import CONTROL_WORDS
from wingbeat.hw.cost import (
    ADDER_LATENCY,
    RESULT_LATENCY,
    drain_cycles,
    group_cycles,
    takes_twins,
)
from wingbeat.hw.formats import GROUP, KEY_CACHE, VALUE_CACHE
from wingbeat.hw.isa.instructions import Opcode
from wingbeat.hw.isa.operands import BEAT_BYTES, GRANULE
from wingbeat.hw.memory_map import MemoryMap, Region
from wingbeat.hw.stream import TILE_ROWS, TileLayout, rows_of_tile
from wingbeat.hw.verify.matrix import revisit_cycles

MAXIMUM_WORDS = 64
"""Logits that share one maximum: a host looks for candidates only in tiles with a high one."""

_REGION_ALIGNMENT = 256  # beats: 4 KiB, which no AXI burst may cross
_KEY_TILE_POSITIONS = 64


def round_up(value: int, unit: int) -> int:
    """Return the least multiple of `unit` that is not below `value`."""
    return -(-value // unit) * unit


@dataclasses.dataclass(frozen=True)
class MatrixPlan:
    """Where and how a matrix lies in the `weights` region.

    Attributes
    ----------
    layout : stream layout
    rows, columns : of the matrix itself
    kept : N of N:16, the same for all tiles of a sparse matrix
    tiles : row tiles, padding included
    beats : beats on each port
    offset : first beat, from the start of the region
    strands : log2 of the accumulators of a reduction
    """

    layout: TileLayout
    rows: int
    columns: int
    kept: int
    tiles: int
    offset: int
    strands: int

    @property
    def groups(self) -> int:
        """Groups of 32 columns."""
        return self.columns // GROUP

    @property
    def stride(self) -> int:
        """Beats on a port from one tile to the next."""
        return self.layout.tile_beats(self.groups, self.kept)

    @property
    def beats(self) -> int:
        """Beats on each port."""
        return self.tiles * self.stride

    @property
    def padded_rows(self) -> int:
        """Rows that a multiplication writes."""
        return self.tiles * self.layout.tile_height

    def product_cycles(self, vectors: int, config: AcceleratorConfig) -> float:
        """Cycles in which the chains multiply a tile with so many vectors, at least two."""
        each = group_cycles(self.layout.format, self.kept, vectors, config.columns)
        return self.layout.rows * self.groups * each

    def result_cycles(self, vectors: int, config: AcceleratorConfig) -> int:
        """Cycles from a tile's last product until its results are in the vector memory."""
        drain = drain_cycles(self.layout, vectors, self.strands, Opcode.MM, config)
        return RESULT_LATENCY + drain


@dataclasses.dataclass(frozen=True)
class CachePlan:
    """Key and value caches of one (slot, layer): all heads, keys then values of each.

    Offsets and sizes in beats on each port; `positions` is the context, rounded up to whole tiles.
    """

    positions: int
    keys: TileLayout
    values: TileLayout
    key_groups: int
    head_dim: int
    kv_heads: int
    layers: int
    slots: int

    @property
    def key_tile_beats(self) -> int:
        """Beats from one tile of keys to the next."""
        return self.keys.tile_beats(self.key_groups)

    @property
    def key_beats(self) -> int:
        """Beats of one head's keys."""
        return self.positions // self.keys.tile_height * self.key_tile_beats

    @property
    def value_tile_beats(self) -> int:
        """Beats from one tile of values to the next: all positions."""
        return self.values.tile_beats(self.positions // GROUP)

    @property
    def value_tiles(self) -> int:
        """Tiles that hold the dimensions of a head."""
        return self.values.tiles(self.head_dim)

    @property
    def head_beats(self) -> int:
        """Beats of one head: keys and values."""
        return self.key_beats + self.value_tiles * self.value_tile_beats

    @property
    def layer_beats(self) -> int:
        """Beats of one layer."""
        return self.kv_heads * self.head_beats

    @property
    def slot_beats(self) -> int:
        """Beats of one request's caches."""
        return self.layers * self.layer_beats

    @property
    def scale_beats(self) -> int:
        """Beats of one head's value scales, in their own region."""
        return self.positions * 2 // BEAT_BYTES


@dataclasses.dataclass(frozen=True)
class MemoryPlan:
    """Everything that the program and the packer must agree on.

    Attributes
    ----------
    memory : regions of device memory
    matrices : plan of each matrix, by tensor name
    vectors : first beat of each vector in the `vectors` region
    runs : uniform runs of layers, with the beats from layer to layer: (run, weights, vectors)
    caches : key and value caches
    head_tiles : tiles of the head that one trip of its loop multiplies
    """

    memory: MemoryMap
    matrices: Mapping[str, MatrixPlan]
    vectors: Mapping[str, int]
    runs: tuple[tuple[Run, int, int], ...]
    caches: CachePlan
    head_tiles: int
    head: MatrixPlan

    def address(self, region: str) -> int:
        """First beat of a region."""
        return self.memory[region].start


def strands_of(layout: TileLayout) -> int:
    """Return log2 of the strands with which no accumulator is revisited too soon.

    Matrix-vector is the critical case; matrix-matrix uses the same number, so that both give the
    same bits.
    """
    strands = 0
    while revisit_cycles(layout.format, Opcode.MV, layout.rows, 1 << strands) < ADDER_LATENCY:
        strands += 1
    return strands


def _strands(config: AcceleratorConfig, layout: TileLayout, kind: ir.MatrixType) -> int:
    """Return log2 of the strands of a matrix: more if two row pairs a step gain more than it takes.

    Tiles with more strands take longer to drain.
    """
    groups = kind.columns // GROUP

    def cycles(strands: int) -> float:
        twins = takes_twins(layout, kind.kept, strands, config)
        compute = layout.rows * groups * group_cycles(layout.format, kind.kept, 1, 1, twins)
        return max(compute, drain_cycles(layout, 1, strands, Opcode.MV, config))

    room = config.accumulators // (layout.rows * max(config.tokens, LARGEST_STRANDS))
    most = room.bit_length() if config.twins else 0
    least = strands_of(layout)
    return min(range(least, max(least + 1, most)), key=cycles)


def _matrix(config: AcceleratorConfig, kind: ir.MatrixType, offset: int) -> MatrixPlan:
    # of a sparse matrix an accumulator is revisited in half the time: 12 rows would take 2 strands,
    # and more accumulators than the rows of any other tile
    heights = (4, 8, 16) if kind.format.sparse else TILE_ROWS
    rows = rows_of_tile(kind.rows, config.lanes, heights)
    layout = TileLayout(kind.format, rows, config.lanes, config.ports)
    return MatrixPlan(
        layout,
        kind.rows,
        kind.columns,
        kind.kept,
        layout.tiles(kind.rows),
        offset,
        _strands(config, layout, kind),
    )


def _head(config: AcceleratorConfig, kind: ir.MatrixType, offset: int) -> tuple[MatrixPlan, int]:
    """Plan the head: whole loop trips of 1024 rows, whose maxima fill a granule each.

    The maxima of a block go where those of the block before end, and a destination is a granule.
    """
    plan = _matrix(config, kind, offset)
    height = plan.layout.tile_height
    block = math.lcm(MAXIMUM_WORDS * GRANULE, height) // height
    # two blocks a trip: one is multiplied while the other is searched
    return dataclasses.replace(plan, tiles=round_up(plan.tiles, 2 * block)), block


def _caches(graph: ir.Graph, config: AcceleratorConfig, slots: int, tokens: int) -> CachePlan:
    attention = next(node for node in graph.nodes if isinstance(node, ir.Attention))
    key_rows = max(
        (rows for rows in (4, 8, 16) if rows * config.lanes <= _KEY_TILE_POSITIONS), default=4
    )
    keys = TileLayout(KEY_CACHE, key_rows, config.lanes, config.ports)
    values = TileLayout(
        VALUE_CACHE, rows_of_tile(graph.head_dim, config.lanes), config.lanes, config.ports
    )
    # the verifier lets a chunk begin at the last position; both units are powers of two times lanes
    positions = round_up(graph.context + tokens - 1, math.lcm(keys.tile_height, GROUP))
    return CachePlan(
        positions=positions,
        keys=keys,
        values=values,
        key_groups=graph.head_dim // GROUP,
        head_dim=graph.head_dim,
        kv_heads=attention.kv_heads,
        layers=graph.layers,
        slots=slots,
    )


def plan_memory(graph: ir.Graph, config: AcceleratorConfig, slots: int, tokens: int) -> MemoryPlan:
    """Plan device memory.

    Parameters
    ----------
    graph : legal graph
    config : the machine
    slots : requests whose caches are kept at once
    tokens : tokens of a prefill chunk
    """
    matrices: dict[str, MatrixPlan] = {}
    vectors: dict[str, int] = {}
    weight_beats = vector_beats = 0

    def place(node: ir.Node) -> None:
        nonlocal weight_beats, vector_beats
        if isinstance(node, ir.Linear):
            matrices[node.matrix] = _matrix(config, graph.matrices[node.matrix], weight_beats)
            weight_beats += matrices[node.matrix].beats
        elif isinstance(node, ir.RmsNorm):
            vectors[node.vector] = vector_beats
            vector_beats += round_up(graph.vectors[node.vector] * 4, BEAT_BYTES) // BEAT_BYTES

    runs = []
    for run in uniform_runs(graph):
        start = weight_beats, vector_beats
        for layer in range(run.first, run.first + run.count):
            for node in graph.of_layer(layer):
                place(node)
        steps = weight_beats - start[0], vector_beats - start[1]
        runs.append((run, steps[0] // run.count, steps[1] // run.count))
    head_node = graph.nodes[-1]
    embedding = graph.nodes[0]
    assert isinstance(head_node, ir.Head) and isinstance(embedding, ir.Embedding)
    head, head_tiles = _head(config, graph.matrices[head_node.matrix], weight_beats)
    matrices[head_node.matrix] = head
    weight_beats += head.beats
    for node in graph.of_layer(None):
        if isinstance(node, ir.RmsNorm):
            place(node)
    if embedding.matrix not in matrices:
        matrices[embedding.matrix] = _matrix(config, graph.matrices[embedding.matrix], weight_beats)
        weight_beats += matrices[embedding.matrix].beats
    caches = _caches(graph, config, slots, tokens)

    sizes = (
        # name, beats, striped, writable
        ("control", -(-CONTROL_WORDS // 4), False, True),
        ("tokens", (slots * token_words(graph.context) + tokens) // 4 + 1, False, True),
        ("constants", constant_words(graph) // 4, False, False),
        ("positions", graph.context + tokens, False, False),
        ("vectors", vector_beats, False, False),
        ("maxima", head.padded_rows // MAXIMUM_WORDS // 4 + 1, False, True),
        ("logits", tokens * head.padded_rows // 4, False, True),
        (
            "value_scales",
            slots * graph.layers * caches.kv_heads * caches.scale_beats,
            False,
            True,
        ),
        ("cache", slots * caches.slot_beats, True, True),
        ("weights", weight_beats, True, False),
    )
    regions = []
    address = 0
    for name, wanted, striped, writable in sizes:
        # a port reads whole bus words, the last one of a region too
        beats = round_up(wanted, config.word_beats)
        regions.append(Region(name, address, beats, striped, writable))
        address += round_up(beats, _REGION_ALIGNMENT)
    return MemoryPlan(
        MemoryMap.of(regions), matrices, vectors, tuple(runs), caches, head_tiles, head
    )


def constant_words(graph: ir.Graph) -> int:
    """FP32 words of the program's constants: the rotary frequencies and up to 16 scalars."""
    return round_up(graph.head_dim // 2, GRANULE) + 16 * GRANULE


def token_words(context: int) -> int:
    """Words of one slot's token list: the context, and one token more."""
    return round_up(context + 1, 4)
