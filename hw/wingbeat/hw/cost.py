"""What each instruction costs in cycles: one definition for compiler and simulator.

Every function says what the unit does each cycle. Latencies are those of the RTL's pipelines: the
numbers are written here too, because nothing else of the RTL is needed to estimate, and tests see
to it that they are equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from wingbeat.hw.arithmetic.reduction import PARTIALS
from wingbeat.hw.config import (
    BEAT_BITS,
    CHAIN_PRODUCTS,
    CHAIN_SLICES,
    AcceleratorConfig,
)
from wingbeat.hw.formats import GROUP, SPARSE_COUNTS, TWIN_KEPT, WINDOW, WeightFormat
from wingbeat.hw.isa.instructions import (
    INSTRUCTION_BITS,
    Combine,
    Destination,
    Element,
    Function,
    Instruction,
    Load,
    LoadKind,
    Multiply,
    Opcode,
    Reduce,
    Scalar,
    Store,
    StoreKind,
    System,
    Vector,
)
from wingbeat.hw.isa.layouts import layout_of
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.reading import Resolve
from wingbeat.hw.stream import TileLayout

QUAD = 4
"""Words in which results are written."""

ADDER_LATENCY = 8
"""Cycles of an FP32 addition, at most: no accumulator is revisited sooner."""

MEMORY_LATENCY = 100
"""Cycles from a read request to its first beat; a write is answered after as many."""

REQUEST_LATENCY = 4
"""Cycles of engine and arbiter, from a request to its address on the bus, and from data to user."""

ENGINE_WORDS = 128
"""Bus words that a port's read engine stores."""

COMBINE_LATENCY = 6
"""Cycles of a combination of two elements."""

FUNCTION_LATENCY = 24
"""Cycles of a function of an element."""

VECTOR_OVERHEAD = 9
"""Cycles of MISC beside steps and arithmetic: begin 2, read 4, write 4; the last step counts twice.
"""

VECTOR_ACCEPT = 4
"""Cycles in which MISC works out how much a command is; it does so while the last one runs."""

QUANTISER_LATENCY = 15
"""Cycles of the quantiser beside its two trees: largest 2, scale 6, multiplier 3, code 2, entry 2.
"""

RESULT_LATENCY = 43
"""Cycles from a step of the chains to an accumulator that can be read: chain 23, scale unit 20."""

ASSEMBLY_LATENCY = 8
"""Cycles from a word of the bus to the first step with it: queues, gearbox, unit register."""

DRAIN_LATENCY = 5
"""Cycles of a drain beside its words."""

STRAND_LATENCY = 8
"""Cycles from the last addition of a pass that joins strands to the next pass."""

RESULTS_PER_CYCLE = 2
"""Group results that the scale units of a column take in a cycle."""

DIVISION = 75
"""Cycles in which ST KEYS and GATHER find the tile of their first row."""

GATHER_CYCLES = 12
"""Cycles of GATHER for each beat that it picks."""


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
    ahead : bytes of the stream that the lanes' queues hold
    """

    busy: int
    latency: int = 0
    stream: int = 0
    transfer: int = 0
    products: int = 0
    ahead: int = 0


def codes_per_cycle(weights: WeightFormat) -> float:
    """Codes that a lane decodes in a cycle: a beat of them, at most one for each product."""
    return min(CHAIN_PRODUCTS, BEAT_BITS / weights.bits)


def takes_twins(layout: TileLayout, kept: int, log_strands: int, config: AcceleratorConfig) -> bool:
    """Whether a matrix-vector step takes two row pairs of these tiles.

    At most 4 of 16 codes leave the slices room for that, two columns take the results, and there
    are strands enough that an accumulator is not revisited too soon.
    """
    few = layout.format.sparse and kept <= TWIN_KEPT
    return config.twins and few and layout.rows // 4 << log_strands >= ADDER_LATENCY


def group_cycles(
    weights: WeightFormat, kept: int, vectors: int, columns: int, twins: bool = False
) -> float:
    """Cycles of a chain for one group of one row.

    Matrix-vector packs two rows in a slice: 32 codes of a row pair a cycle, fewer if a beat holds
    fewer; 16 of each of two row pairs that are `twins`. Matrix-matrix packs two vectors: a window
    of one row (8:16 and sparser: two windows) with two vectors a cycle in each column. Either way
    no faster than the codes arrive or the scale units take results.
    """
    codes = GROUP * (kept / WINDOW if weights.sparse else 1.0)
    results = RESULTS_PER_CYCLE * (2 if twins else 1)
    arrival = max(codes / codes_per_cycle(weights), 1 / results)
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


_NOTHING = Cost(1)
"""An instruction of SYS, or one that has no elements."""

_SCALAR = {Scalar.MUL: 10, Scalar.CEILDIV: 42, Scalar.LOOP: 7, Scalar.FENCE: 6, Scalar.PEEK: 12}


def dispatch(instruction: Instruction) -> int:
    """Return the sequencer's cycles for an instruction, as `rtl.sequencer.Control` counts them."""
    if isinstance(instruction, System):
        return _SCALAR.get(instruction.operation, 8)
    return 8 if isinstance(instruction, Store) else 7


def loading(instructions: int, config: AcceleratorConfig) -> int:
    """Return the cycles in which a program is loaded: 16 words, a beat a cycle, then the next."""
    beats = instructions * INSTRUCTION_BITS // BEAT_BITS
    chunk = 16 * max(1, config.port_bits // BEAT_BITS)
    return beats + -(-beats // chunk) * (MEMORY_LATENCY + REQUEST_LATENCY)


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
    """A tile takes its groups' cycles, or as long as another tile's results take to drain."""
    tiles, groups = resolve(multiply.tiles), resolve(multiply.groups)
    vectors = resolve(multiply.outer) * multiply.inner
    if not tiles * groups * vectors:
        return _NOTHING
    layout = layout_of(multiply.format, multiply.tile_rows, config.lanes, config.ports)
    weights = layout.format
    kept = kept_of(layout, groups, multiply.stride)
    paired = 1 if multiply.opcode is Opcode.MV else max(2, vectors)
    twins = takes_twins(layout, kept, multiply.strands, config)
    compute = layout.rows * groups * group_cycles(weights, kept, paired, config.columns, twins)
    drain = drain_cycles(layout, vectors, multiply.strands, multiply.opcode, config)
    # how long a sparse tile is, stands in its header: whole strides are read
    beats = multiply.stride if weights.sparse else layout.tile_beats(groups)
    code_bits = layout.tile_height * groups * GROUP * weights.bits * kept // WINDOW
    queues = config.prefetch_beats * config.lanes * BEAT_BITS
    size = tiles * beats * BEAT_BYTES * config.ports
    return Cost(
        busy=round(compute + (tiles - 1) * max(compute, drain)),
        latency=RESULT_LATENCY + drain,
        stream=size,
        products=tiles * layout.tile_height * groups * GROUP * vectors,
        ahead=queues * beats * config.ports * BEAT_BYTES // code_bits,
    )


def drain_cycles(
    layout: TileLayout, vectors: int, log_strands: int, opcode: Opcode, config: AcceleratorConfig
) -> int:
    """Cycles from a tile's last accumulation until its results are in the vector memory.

    A lane first joins its strands, an addition in two cycles; then it reads a word a cycle in each
    column. The vector memory takes a quad a cycle, of lanes with four rows as many as it is wide.
    """
    pairs = -(-vectors // (2 * config.columns))
    span = layout.rows // 2 if opcode is Opcode.MV else layout.rows * pairs
    join = sum(4 * (span << level) + STRAND_LATENCY for level in range(log_strands))
    words = layout.rows * min(vectors, 2 * pairs)
    quads = layout.tile_height // QUAD * vectors
    if layout.rows == QUAD:
        quads //= math.gcd(config.lanes, config.vector_lanes // QUAD)
    return DRAIN_LATENCY + max(join + words, quads)


def element_latency(function: Function, second: Combine) -> int:
    """Cycles of an element from its sources to its result; what is not used is passed by."""
    latency = COMBINE_LATENCY + 1
    if function is not Function.IDENTITY:
        latency += FUNCTION_LATENCY
    if second is not Combine.PASS:
        latency += COMBINE_LATENCY + 1
    return latency


def tail_cycles(vector: Vector, lanes: int) -> int:
    """Cycles from a step's elements to what becomes of the last group or row.

    Quantised groups wait for their largest element, are read once more, and their codes are added.
    A sum takes an addition in the row and seven in a tree. As long as a level of it is wider than a
    word, it gets pairs in every cycle and adds one in two: it still has half of its slots to add
    when the last has come. From three sources elements come no faster than the first level adds.
    """
    levels = int(math.log2(lanes))
    if vector.target is Destination.OPERAND:
        return QUANTISER_LATENCY + 2 * levels + vector.group.elements // lanes
    if vector.reduce is Reduce.NONE:
        return 0
    if vector.reduce is not Reduce.SUM:
        return 2 + levels
    half = PARTIALS // lanes // 2
    depth = 1 + int(math.log2(PARTIALS))
    caught_up = half - 1 if uses_three(vector) else 0
    return COMBINE_LATENCY * depth + levels * (half + 1) - caught_up


def uses_three(vector: Vector) -> bool:
    """Whether a step reads three sources: it takes two cycles."""
    return vector.first is not Combine.PASS and vector.second is not Combine.PASS


def _vector(vector: Vector, resolve: Resolve, config: AcceleratorConfig) -> Cost:
    """`vector_lanes` elements a cycle, with three sources in two; no gap between rows.

    The next instruction begins when all is written, so that it may read it.
    """
    lanes = config.vector_lanes
    outer = resolve(vector.outer)
    length = resolve(vector.length) + (max(outer, 1) - 1 if vector.step else 0)
    rows = outer * vector.inner
    reduces = vector.reduce is not Reduce.NONE
    if not rows or not (length or reduces):
        return _NOTHING
    worked = max(length, PARTIALS) if reduces else length
    if vector.target is Destination.OPERAND:
        worked = -(-length // vector.group.elements) * vector.group.elements
    steps = rows * -(-worked // lanes)
    if uses_three(vector):
        steps *= 2
    latency = element_latency(vector.function, vector.second) + tail_cycles(vector, lanes)
    return Cost(busy=steps + VECTOR_OVERHEAD + latency)


def _load(load: Load, resolve: Resolve, config: AcceleratorConfig) -> Cost:
    """One beat a cycle, after the memory's latency.

    GATHER asks for its list, then for scale and codes of a group, and decodes them in turn.
    """
    rows, length = resolve(load.rows), resolve(load.length)
    if not rows * length:
        return _NOTHING
    answer = MEMORY_LATENCY + REQUEST_LATENCY
    if load.kind is LoadKind.VECTOR:
        beats = rows * -(-length * (2 if load.element is Element.F16 else 4) // BEAT_BYTES)
        written = rows * -(-length // QUAD)
        return Cost(busy=written + answer, transfer=beats * BEAT_BYTES)
    weights = load.format.weight_format()
    groups = length // GROUP
    # of each group: the beat with the row's scale, and the codes of the row pair it shares
    each = int(weights.scale_bytes > 0) + -(-2 * GROUP * weights.bits // 128)
    return Cost(
        busy=rows * (4 * answer + DIVISION + groups * (2 + GATHER_CYCLES * each)),
        transfer=rows * groups * each * BEAT_BYTES,
    )


def _store(store: Store, resolve: Resolve) -> Cost:
    """One store after the other, each up to its last write response.

    KEYS touch, for each position and group, one scale beat and the four code beats of its row
    pair; VALUES, for each position, one beat in four of each row pair.
    """
    rows, length = resolve(store.rows), resolve(store.length)
    answer = MEMORY_LATENCY + 2 * REQUEST_LATENCY
    if store.kind is StoreKind.VECTOR:
        beats = rows * -(-length * 4 // BEAT_BYTES)
        cycles = beats
    elif store.kind is StoreKind.KEYS:
        groups = length // GROUP
        beats = rows * groups * 5
        cycles = DIVISION + rows * (9 * groups + 2)
    elif store.kind is StoreKind.VALUES:
        beats = rows * (length // 2 + 1)
        cycles = length // 2 * max(rows, 6)
    else:
        beats = 1
        cycles = answer if store.kind is StoreKind.PUBLISH else 0
    if not beats:
        return _NOTHING
    return Cost(busy=cycles + answer, transfer=beats * BEAT_BYTES)
