"""The instructions: six classes with FlightLLM's names, 256 bits each.

Units run decoupled. The sequencer reads instructions in program order, resolves their operands,
executes SYS itself and queues the others at their unit. There each instruction first takes one
token from the counter of every unit in its `wait` mask, then runs, and when all its writes are
visible adds one token to the counter towards every unit in its `release` mask. There is one
counter for each ordered pair of units, so the k-th wait always meets the k-th release.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wingbeat.hw import enum
from wingbeat.hw.errors import ConfigError, EncodingError
from wingbeat.hw.isa.operands import (
    Address,
    Count,
    FormatField,
    GroupSize,
    OperandView,
    SmallCount,
    TileRows,
    VectorView,
)
from wingbeat.hw.isa.packed import Packed, bits, choice, nested

ISA_VERSION = 1
"""Raised whenever an encoded program would mean something else."""

INSTRUCTION_BITS = 256
INSTRUCTION_BYTES = INSTRUCTION_BITS // 8

COUNTER_LIMIT = 15
"""Tokens that one wait/release counter can hold; a release into a full counter blocks."""

LOOP_DEPTH = 8
"""Loops that may be nested."""


class Unit(enum.Enum, shape=3):
    """What executes an instruction; also the bit positions of wait and release masks."""

    LD = 0
    ST = 1
    MPE = 2
    MISC = 3
    SYS = 4


class Opcode(enum.Enum, shape=4):
    """Instruction class; an all-zero word is no instruction."""

    LD = 1
    ST = 2
    MM = 3
    MV = 4
    MISC = 5
    SYS = 6


class LoadKind(enum.Enum, shape=1):
    """What LD reads."""

    VECTOR = 0
    GATHER = 1


class Element(enum.Enum, shape=1):
    """How FP32 numbers lie in memory."""

    F32 = 0
    F16 = 1


class StoreKind(enum.Enum, shape=3):
    """What ST writes."""

    VECTOR = 0
    KEYS = 1
    VALUES = 2
    WORD = 3
    PUBLISH = 4


class Combine(enum.Enum, shape=3):
    """How two FP32 numbers become one; PASS takes the first."""

    PASS = 0
    MUL = 1
    ADD = 2
    SUB = 3
    MAX = 4


class Function(enum.Enum, shape=3):
    """Function of one FP32 number, as `arithmetic.functions` defines it."""

    IDENTITY = 0
    EXP2 = 1
    RECIPROCAL = 2
    RSQRT = 3
    SIN = 4
    COS = 5


class Reduce(enum.Enum, shape=2):
    """What becomes of the elements of a row."""

    NONE = 0
    SUM = 1
    MAX = 2
    ARGMAX = 3


class Destination(enum.Enum, shape=1):
    """Where the vector machine writes."""

    VECTOR = 0
    OPERAND = 1


class Scalar(enum.Enum, shape=4):
    """What the sequencer does: `rd = R[a] op (R[b] + immediate)`, or control."""

    ADD = 0
    SUB = 1
    MUL = 2
    SHL = 3
    SHR = 4
    AND = 5
    MIN = 6
    MAX = 7
    CEILDIV = 8
    LESS = 9
    EQUAL = 10
    LOOP = 11
    PEEK = 12
    FENCE = 13
    HALT = 14


@dataclass(frozen=True)
class Instruction(Packed):
    """Fields common to all instructions.

    Raises
    ------
    EncodingError
        If the opcode is not one of the class.
    """

    padded_width: ClassVar[int | None] = INSTRUCTION_BITS
    opcodes: ClassVar[tuple[Opcode, ...]] = ()

    opcode: Opcode = choice(Opcode, "instruction class")
    wait: int = bits(5, "units (bit i: unit i) from which one token each is taken first")
    release: int = bits(5, "units to which one token each is given at the end")

    def __post_init__(self) -> None:
        if self.opcode not in self.opcodes:
            names = " or ".join(opcode.name for opcode in self.opcodes)
            raise EncodingError(
                f"`opcode` of {type(self).__name__} must be {names}, not {self.opcode.name}"
            )

    @property
    def unit(self) -> Unit:
        """The unit that waits, runs and releases."""
        raise NotImplementedError


@dataclass(frozen=True)
class Load(Instruction):
    """LD: memory to vector memory.

    VECTOR: `rows` rows of `length` numbers; row i begins at `address + i * stride` and goes to
    outer index i of `destination`. Subnormals become zeros on the way in.

    GATHER: for i below `rows`, row `list[i]` (an int32 index in memory) of the weight matrix at
    `address`, which has `length` columns, is decoded and written to outer index i. An index
    outside the matrix is held at its last row. This is how a tied embedding is stored once.

    Each cycle: one beat of one port becomes up to 4 (F32) or 8 (F16) words. GATHER fetches, for
    each record, the beats with the row's scales and the row's codes.
    """

    opcodes: ClassVar[tuple[Opcode, ...]] = (Opcode.LD,)

    kind: LoadKind = choice(LoadKind, "what is read")
    element: Element = choice(Element, "VECTOR: how a number lies in memory")
    address: Address = nested(Address, "first beat, on port 0 (GATHER: of the matrix, any port)")
    stride: int = bits(24, "VECTOR: beats from one row to the next")
    rows: SmallCount = nested(SmallCount, "rows or tokens")
    length: Count = nested(Count, "numbers of a row; GATHER: a multiple of 32")
    destination: VectorView = nested(VectorView, "inner stride unused")
    list: Address = nested(Address, "GATHER: address of the indices, in words of 4 bytes")
    format: FormatField = nested(FormatField, "GATHER: weight format")
    tile_rows: TileRows = choice(TileRows, "GATHER: rows of a tile in one lane")
    last: int = bits(24, "GATHER: the matrix's last row")

    @property
    def unit(self) -> Unit:
        """LD."""
        return Unit.LD


@dataclass(frozen=True)
class Store(Instruction):
    """ST: vector or operand memory to memory. Stores of one program complete in order.

    VECTOR: `rows` rows of `length` FP32 words from `vector` (outer index i) to
    `address + i * stride`, on port 0.

    KEYS: `rows` positions, from `position` on, of `length` columns (head dimension) from `operand`
    (outer index i) into the key cache at `address`: rows of an int8g32 stream with `tile_rows`.

    VALUES: the same transposed: dimension r of position p becomes row r, column p of the raw8
    stream at `address`, whose tiles are `stride` beats apart; the position's scale becomes half p
    of the array at `list`.

    WORD: the 32 bits of register `position` to word address `list`.

    PUBLISH: WORD to the ring's head, but not before the ring (`length` entries, tail in the word
    behind the head) has room; the watchdog sleeps meanwhile.

    Each cycle: one beat of one port. KEYS and VALUES write bursts with byte strobes over the
    records they touch; an instruction ends with the last write response.
    """

    opcodes: ClassVar[tuple[Opcode, ...]] = (Opcode.ST,)

    kind: StoreKind = choice(StoreKind, "what is written")
    address: Address = nested(Address, "first beat")
    stride: int = bits(24, "beats from row to row (VECTOR) or from tile to tile (VALUES)")
    rows: SmallCount = nested(SmallCount, "rows or positions")
    length: Count = nested(Count, "words of a row, head dimension, or entries of the ring")
    vector: VectorView = nested(VectorView, "VECTOR: source, inner stride unused")
    operand: OperandView = nested(OperandView, "KEYS, VALUES: source, inner stride unused")
    tile_rows: TileRows = choice(TileRows, "KEYS, VALUES: rows of a tile in one lane")
    list: Address = nested(Address, "VALUES: scales, in beats; WORD, PUBLISH: in words of 4 bytes")
    position: int = bits(5, "register with the first position, or with the word to write")

    @property
    def unit(self) -> Unit:
        """ST."""
        return Unit.ST


@dataclass(frozen=True)
class Multiply(Instruction):
    """MM and MV: operand vectors times a weight stream, to vector memory.

    Element (outer o, inner h, row r) of the destination becomes row r of the matrix times operand
    vector (o, h). The matrix has `tiles` tiles of `tile_rows` rows in each lane and `groups` groups
    of 32 columns; tile i begins at `address + i * stride` on every port. MV packs two rows against
    one vector in each DSP slice and takes exactly one vector; MM packs two vectors against one row.
    Without a tile, a group or a vector, nothing is written.

    Each cycle: a beat of codes a lane is decoded; the chain of 16 slices makes 32 products in each
    column; the scale unit takes one group result (8:16: two). A tile's results drain into the
    vector memory behind the next tile. The weight stream is prefetched across instructions: only a
    token from ST (a cache was appended to), this instruction's or that of a FENCE before it, is
    taken before the stream is read, the others before the first product. Ports read whole words:
    the bits of the address that count beats within one are taken as 0.
    """

    opcodes: ClassVar[tuple[Opcode, ...]] = (Opcode.MM, Opcode.MV)

    address: Address = nested(Address, "first beat of the stream, the same on every port")
    stride: int = bits(24, "beats on each port from one tile to the next")
    tiles: Count = nested(Count, "row tiles")
    groups: Count = nested(Count, "groups of 32 columns")
    format: FormatField = nested(FormatField, "weight format")
    tile_rows: TileRows = choice(TileRows, "rows of a tile in one lane")
    strands: int = bits(2, "log2 of the accumulators that share a reduction")
    outer: SmallCount = nested(SmallCount, "operand vectors, outer")
    inner: int = bits(7, "operand vectors, inner")
    operand: OperandView = nested(OperandView, "operand vectors")
    destination: VectorView = nested(VectorView, "results, one after another in a row")

    @property
    def unit(self) -> Unit:
        """MPE."""
        return Unit.MPE


@dataclass(frozen=True)
class Vector(Instruction):
    """MISC: `reduce(f(a o b) . c)` over rows of the vector memory.

    For outer o, inner h and element e below the row's length, `f(a first b) second c` is formed in
    FP32. Reduce NONE writes it (to the operand memory: quantised, in groups of `group`); SUM, MAX
    and ARGMAX write one result a row, ARGMAX followed by its index as int32. Results of a row of
    inner indices are consecutive words, or a granule each if the destination is `scalar`; those of
    ARGMAX always take a granule each.

    With `step`, row o is `length + o` long: the causal mask. All rows are then worked to the
    length of the last; elements behind a row's own end are *selected* to zero (left out of a
    reduction), whatever the memories held there. The operand memory is written in whole groups,
    filled with zeros.

    Each cycle: `vector_lanes` elements; rows follow each other without a gap.
    """

    opcodes: ClassVar[tuple[Opcode, ...]] = (Opcode.MISC,)

    first: Combine = choice(Combine, "what joins a and b")
    function: Function = choice(Function, "what is applied then")
    second: Combine = choice(Combine, "what joins the result and c")
    reduce: Reduce = choice(Reduce, "what becomes of a row")
    target: Destination = choice(Destination, "memory written")
    group: GroupSize = choice(GroupSize, "OPERAND: elements that share a scale")
    outer: SmallCount = nested(SmallCount, "rows, outer (tokens)")
    inner: int = bits(7, "rows, inner (heads)")
    length: Count = nested(Count, "elements of the first row")
    step: int = bits(1, "each outer row is one element longer than the one before")
    destination: VectorView = nested(VectorView, "results; groups instead of granules for OPERAND")
    a: VectorView = nested(VectorView, "first source")
    b: VectorView = nested(VectorView, "second source, unread if `first` is PASS")
    c: VectorView = nested(VectorView, "third source, unread if `second` is PASS")

    @property
    def unit(self) -> Unit:
        """MISC."""
        return Unit.MISC


@dataclass(frozen=True)
class System(Instruction):
    """SYS: what the sequencer does itself, in program order, one a cycle.

    ADD to EQUAL: `R[destination] = R[a] op (R[b] + immediate)`, unsigned 32 bits; LESS and EQUAL
    give 0 or 1, CEILDIV rounds up (a divisor of 0 gives 0). LOOP: the next `length` instructions
    run `R[a] + immediate` times, none if that is 0. PEEK: `R[destination]` becomes word `length`
    behind the start of `vector`. FENCE: an empty instruction for unit `target`: it only waits and
    releases. HALT ends the program when all units are idle. A wait of SYS stops dispatching.
    """

    opcodes: ClassVar[tuple[Opcode, ...]] = (Opcode.SYS,)

    operation: Scalar = choice(Scalar, "what is done")
    destination: int = bits(5, "register written")
    a: int = bits(5, "first register")
    b: int = bits(5, "second register")
    immediate: int = bits(32, "constant, added to the second register (LOOP: to the first)")
    length: int = bits(16, "LOOP: instructions of the body; PEEK: word offset")
    vector: VectorView = nested(VectorView, "PEEK: where to read")
    target: Unit = choice(Unit, "FENCE: unit that waits and releases")

    @property
    def unit(self) -> Unit:
        """SYS, or the unit that a FENCE is for."""
        return self.target if self.operation is Scalar.FENCE else Unit.SYS


CLASSES: tuple[type[Instruction], ...] = (Load, Store, Multiply, Vector, System)
"""Every instruction format, in the order of the reference."""

BY_OPCODE: dict[Opcode, type[Instruction]] = {op: cls for cls in CLASSES for op in cls.opcodes}


def decode(word: int) -> Instruction:
    """Decode one 256-bit word.

    Raises
    ------
    EncodingError
        If it is no instruction: unknown opcode, undeclared enumeration value, a set bit where no
        field is, or a weight format that no lane decodes.
    """
    number = word & 0xF
    try:
        cls = BY_OPCODE[Opcode(number)]
    except ValueError:
        names = ", ".join(f"{op.value} {op.name}" for op in Opcode)
        raise EncodingError(f"`opcode` must be one of {names}, not {number}") from None
    instruction = cls.from_bits(word)
    if isinstance(instruction, Multiply) or (
        isinstance(instruction, Load) and instruction.kind is LoadKind.GATHER
    ):
        try:
            instruction.format.weight_format()
        except ConfigError as error:
            raise EncodingError(str(error)) from None
    return instruction
