"""Operands: how an instruction names a count, an address or a view of a memory.

Every operand is affine: an immediate plus one scalar register, resolved by the sequencer when it
dispatches the instruction. Register 0 always reads 0. Sums are taken modulo 2**32.
"""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.hw import enum
from wingbeat.hw.errors import EncodingError
from wingbeat.hw.formats import ScaleKind, WeightFormat
from wingbeat.hw.isa.packed import Packed, bits, choice

REGISTERS = 32
"""Scalar registers of 32 bits; register 0 reads 0 and ignores writes."""

BEAT_BYTES = 16
"""Unit of memory addresses: the 128-bit word that a lane takes in a cycle."""

GRANULE = 16
"""FP32 words of the unit of vector memory addresses, the widest vector machine's step."""


@dataclass(frozen=True)
class Address(Packed):
    """Memory address in beats of 16 bytes: 64 GiB."""

    immediate: int = bits(32, "beats")
    register: int = bits(5, "register added, in beats")


@dataclass(frozen=True)
class Count(Packed):
    """Number of something, 0 to 65535 and a register."""

    immediate: int = bits(16, "constant part")
    register: int = bits(5, "register added")


@dataclass(frozen=True)
class SmallCount(Packed):
    """Number of tokens, 0 to 255 and a register."""

    immediate: int = bits(8, "constant part")
    register: int = bits(5, "register added")


@dataclass(frozen=True)
class VectorView(Packed):
    """FP32 words of the vector memory, as a three-level iteration.

    Element (outer o, inner h, e) is word `16 * (base + R[register] + o * outer + h * inner) + e`,
    with e held at 0 for a scalar. A scalar thus occupies a granule of its own.
    """

    base: int = bits(16, "granules of 16 words")
    register: int = bits(5, "register added, in granules")
    outer: int = bits(13, "granules from one outer index to the next")
    inner: int = bits(11, "granules from one inner index to the next")
    scalar: int = bits(1, "one word for all elements (source), or a granule a result (reduction)")


@dataclass(frozen=True)
class OperandView(Packed):
    """Groups of 32 activation codes in the operand memory.

    Group (outer o, inner h, g) is `base + R[register] + o * outer + h * inner + g`.
    """

    base: int = bits(16, "groups")
    register: int = bits(5, "register added, in groups")
    outer: int = bits(13, "groups from one outer index to the next")
    inner: int = bits(11, "groups from one inner index to the next")


class GroupSize(enum.Enum, shape=2):
    """Columns that share a weight scale, or elements that share an activation scale."""

    G32 = 0
    G64 = 1
    G128 = 2
    G256 = 3

    @property
    def elements(self) -> int:
        """32 to 256."""
        return 32 << self.value

    @classmethod
    def of(cls, elements: int) -> GroupSize:
        """Return the member for 32, 64, 128 or 256 elements."""
        for size in cls:
            if size.elements == elements:
                return size
        raise EncodingError(f"a group must have 32, 64, 128 or 256 elements, not {elements}")


@dataclass(frozen=True)
class FormatField(Packed):
    """A weight format, as the decode unit takes it."""

    code_bits: int = bits(3, "bits of a code, less 1")
    group: GroupSize = choice(GroupSize, "columns that share a scale")
    scale: ScaleKind = choice(ScaleKind, "what travels beside the codes")
    sparse: int = bits(1, "each tile begins with a header beat that holds N")

    @classmethod
    def of(cls, weights: WeightFormat) -> FormatField:
        """Encode a weight format."""
        return cls(
            weights.bits - 1, GroupSize.of(weights.group), weights.scale, int(weights.sparse)
        )

    def weight_format(self) -> WeightFormat:
        """Decode; ConfigError for a combination that no lane decodes."""
        return WeightFormat(self.code_bits + 1, self.group.elements, self.scale, bool(self.sparse))


class TileRows(enum.Enum, shape=2):
    """Rows of a tile that one lane holds: multiples of 4, so that codes end on a beat."""

    R4 = 0
    R8 = 1
    R12 = 2
    R16 = 3

    @property
    def rows(self) -> int:
        """4, 8, 12 or 16."""
        return 4 * (self.value + 1)

    @classmethod
    def of(cls, rows: int) -> TileRows:
        """Return the member for 4, 8, 12 or 16 rows."""
        for height in cls:
            if height.rows == rows:
                return height
        raise EncodingError(f"a tile must have 4, 8, 12 or 16 rows in a lane, not {rows}")
