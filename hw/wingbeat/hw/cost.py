"""What each instruction costs in cycles: one definition for compiler, simulator and RTL.

Every function says what the unit does each cycle. Latencies are those of the pipelines that the
RTL is to have; a figure here that the RTL does not meet is an error in one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.hw.config import (
    BEAT_BITS,
    CHAIN_PRODUCTS,
    CHAIN_SLICES,
    AcceleratorConfig,
)
from wingbeat.hw.formats import GROUP, SPARSE_COUNTS, WINDOW, WeightFormat
from wingbeat.hw.isa.instructions import (
    Element,
    Instruction,
    Load,
    LoadKind,
    Multiply,
    Opcode,
    Reduce,
    Store,
    StoreKind,
    Vector,
)
from wingbeat.hw.isa.layouts import layout_of
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.reading import Resolve
from wingbeat.hw.stream import TileLayout

ADDER_LATENCY = 8
"""Cycles of an FP32 addition, at most: no accumulator is revisited sooner."""

MEMORY_LATENCY = 100
"""Cycles from a read request to its first beat; a write is answered after as many."""

MATRIX_LATENCY = 48
"""Cycles from a beat of codes to its result in the vector memory: decode 4, chain 20, scale 24."""

VECTOR_LATENCY = 64
"""Cycles from a source word to its result: two combines, the longest function, the memories."""

RESULTS_PER_CYCLE = 2
"""Group results that a scale unit takes in a cycle."""

REDUCTION_TAIL = 7 * ADDER_LATENCY + 8
"""Cycles of the tree that joins the 128 partial results, behind the last row only."""

DISPATCH = 1
"""Cycles of the sequencer for an instruction."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Cycles and traffic of one instruction.

    Attributes
    ----------
    busy : cycles for which the unit cannot take another instruction
    latency : further cycles until the results are visible
    stream : the bytes read by the weight stream reader, over all ports
    transfer : bytes read or written by LD and ST, on port 0 or spread by lane
    products : useful products, for utilisation
    """

    busy: int
    latency: int = 0
    stream: int = 0
    transfer: int = 0
    products: int = 0


def codes_per_cycle(weights: WeightFormat) -> float:
    """Codes that a lane decodes in a cycle: a beat of them, at most one for each product."""
    return min(CHAIN_PRODUCTS, BEAT_BITS / weights.bits)


def group_cycles(weights: WeightFormat, kept: int, vectors: int, columns: int) -> float:
    """Cycles of a chain for one group of one row.

    Matrix-vector packs two rows in a slice: 32 codes of a row pair a cycle, fewer if a beat holds
    fewer. Matrix-matrix packs two vectors: a window of one row (8:16 and sparser: two windows) with
    two vectors a cycle in each column. Either way no faster than the codes arrive or the scale unit
    takes results.
    """
    codes = GROUP * (kept / WINDOW if weights.sparse else 1.0)
    arrival = max(codes / codes_per_cycle(weights), 1 / RESULTS_PER_CYCLE)
    if vectors == 1:
        return arrival
    windows = 1.0 if weights.sparse and kept <= WINDOW // 2 else GROUP / CHAIN_SLICES
    return max(arrival, windows * -(-vectors // (2 * columns)))


def kept_of(layout: TileLayout, groups: int, stride: int) -> int:
    """Return the N whose tiles are `stride` beats apart, or the next larger one."""
    if not layout.format.sparse:
        return WINDOW
    for kept in SPARSE_COUNTS:
        if layout.tile_beats(groups, kept) >= stride:
            return kept
    return WINDOW


_NOTHING = Cost(DISPATCH)
"""An instruction of SYS, or one that has no elements."""


def cost(instruction: Instruction, resolve: Resolve, config: AcceleratorConfig) -> Cost:
    """Return the cost of an instruction with these register values."""
    if isinstance(instruction, Multiply):
        return _multiply(instruction, resolve, config)
    if isinstance(instruction, Vector):
        return _vector(instruction, resolve, config)
    if isinstance(instruction, Load):
        return _load(instruction, resolve, config)
    if isinstance(instruction, Store):
        return _store(instruction, resolve)
    return _NOTHING


def _multiply(multiply: Multiply, resolve: Resolve, config: AcceleratorConfig) -> Cost:
    """A tile takes its groups' cycles, or as long as the previous tile's results take to drain.

    Draining moves `vector_lanes` words a cycle from the accumulators to the vector memory.
    """
    tiles, groups = resolve(multiply.tiles), resolve(multiply.groups)
    vectors = resolve(multiply.outer) * multiply.inner
    if not tiles * groups * vectors:
        return _NOTHING
    layout = layout_of(multiply.format, multiply.tile_rows, config.lanes, config.ports)
    weights = layout.format
    kept = kept_of(layout, groups, multiply.stride)
    paired = 1 if multiply.opcode is Opcode.MV else max(2, vectors)
    compute = layout.rows * groups * group_cycles(weights, kept, paired, config.columns)
    drain = -(-layout.tile_height * vectors // config.vector_lanes)
    # how long a sparse tile is, stands in its header: whole strides are read
    beats = multiply.stride if weights.sparse else layout.tile_beats(groups)
    tile = max(compute, drain)
    return Cost(
        busy=round(tiles * tile),
        latency=MATRIX_LATENCY + drain,
        stream=tiles * beats * BEAT_BYTES * config.ports,
        products=tiles * layout.tile_height * groups * GROUP * vectors,
    )


def _vector(vector: Vector, resolve: Resolve, config: AcceleratorConfig) -> Cost:
    """`vector_lanes` elements a cycle, each row begun on a new cycle, no gap between rows."""
    outer = resolve(vector.outer)
    length = resolve(vector.length) + (max(outer, 1) - 1 if vector.step else 0)
    rows = outer * vector.inner
    if not rows * length:
        return _NOTHING
    latency = VECTOR_LATENCY
    if vector.reduce is not Reduce.NONE:
        latency += REDUCTION_TAIL
    return Cost(busy=rows * -(-length // config.vector_lanes), latency=latency)


def _load(load: Load, resolve: Resolve, config: AcceleratorConfig) -> Cost:
    """One beat a cycle, after the memory's latency; GATHER asks for its list first."""
    rows, length = resolve(load.rows), resolve(load.length)
    if not rows * length:
        return _NOTHING
    if load.kind is LoadKind.VECTOR:
        beats = rows * -(-length * (2 if load.element is Element.F16 else 4) // BEAT_BYTES)
        return Cost(busy=beats, latency=MEMORY_LATENCY, transfer=beats * BEAT_BYTES)
    weights = load.format.weight_format()
    groups = length // GROUP
    # of each group: the beat with the row's scale, and the codes of the row pair it shares
    beats = rows * groups * (int(weights.scale_bytes > 0) + -(-2 * GROUP * weights.bits // 128))
    return Cost(busy=beats, latency=2 * MEMORY_LATENCY, transfer=beats * BEAT_BYTES)


def _store(store: Store, resolve: Resolve) -> Cost:
    """One beat a cycle, then the write response.

    KEYS touch, for each position and group, one scale beat and the four code beats of its row
    pair; VALUES, for each position, one beat in four of each row pair.
    """
    rows, length = resolve(store.rows), resolve(store.length)
    if store.kind is StoreKind.VECTOR:
        beats = rows * -(-length * 4 // BEAT_BYTES)
    elif store.kind is StoreKind.KEYS:
        beats = rows * (length // GROUP) * 5
    elif store.kind is StoreKind.VALUES:
        beats = rows * (length // 2 + 1)
    else:
        beats = 1
    if not beats:
        return _NOTHING
    return Cost(busy=beats, latency=MEMORY_LATENCY, transfer=beats * BEAT_BYTES)
