"""Legality of MM and MV: what the lanes can hold, decode and accumulate."""

from __future__ import annotations

from collections.abc import Iterator

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import ADDER_LATENCY
from wingbeat.hw.formats import SPARSE_COUNTS, WINDOW, WeightFormat
from wingbeat.hw.isa.footprint import Registers, value
from wingbeat.hw.isa.instructions import Multiply, Opcode
from wingbeat.hw.stream import TileLayout
from wingbeat.hw.verify.complaint import text


def complaints(
    multiply: Multiply, registers: Registers, config: AcceleratorConfig
) -> Iterator[str]:
    """Yield every rule that a multiplication breaks."""
    weights = multiply.format.weight_format()
    yield from wrong_format(weights, config)
    yield from _vectors(multiply, registers, config)
    yield from _stride(multiply, registers, config)
    distance = revisit_cycles(weights, multiply.opcode, multiply.tile_rows.rows, 1)
    strands = 1 << multiply.strands
    if distance * strands < ADDER_LATENCY:
        yield (
            f"an accumulator must be revisited after {ADDER_LATENCY} cycles, the adder's latency, "
            f"not {distance * strands}; {multiply.tile_rows.rows} rows of {weights.name} "
            f"take {distance} cycles a group and `strands` makes that {strands} groups"
        )


def wrong_format(weights: WeightFormat, config: AcceleratorConfig) -> Iterator[str]:
    """Yield a complaint about a format that this accelerator does not decode."""
    if weights not in config.decoded_formats:
        names = ", ".join(entry.name for entry in config.decoded_formats)
        yield f"`format` must be one that the accelerator decodes ({names}), not {weights.name}"


def revisit_cycles(weights: WeightFormat, opcode: Opcode, rows: int, strands: int) -> int:
    """Return the fewest cycles between two additions to the same accumulator.

    A lane works through a tile group by group, and within a group through its row pairs. Groups
    are dealt to the strands in turn, so an accumulator is added to once in `strands` groups, each
    of which takes at least

        MV, dense    2 cycles a row pair     64 codes on 16 slices that two rows share
        MV, sparse   1 cycle a row pair      8:16 and sparser have no second half
        MM, dense    2 cycles a row          once for each pair of vectors that a column takes
        MM, sparse   1 cycle a row

    however slowly codes of many bits arrive: those of a few row pairs may be waiting.

    Parameters
    ----------
    weights, opcode : weight format; MM or MV
    rows : rows of a tile in one lane
    strands : accumulators that share a reduction: 1, 2, 4 or 8
    """
    turns = rows // 2 if opcode is Opcode.MV else rows
    return strands * turns * (1 if weights.sparse else 2)


def _vectors(multiply: Multiply, registers: Registers, config: AcceleratorConfig) -> Iterator[str]:
    outer = value(multiply.outer, registers)
    if multiply.inner == 0:
        yield "`inner` must be at least 1, not 0: there would be no vector to multiply"
    if multiply.opcode is Opcode.MV:
        if (outer.low, outer.high) != (1, 1):
            yield f"`outer` of an MV must be 1 for all register values, not {text(outer)}"
        if multiply.inner != 1:
            yield f"`inner` of an MV must be 1, not {multiply.inner}"
    vectors = outer.high * multiply.inner
    if vectors > config.tokens:
        yield (
            f"`outer` x `inner` must be at most {config.tokens} vectors, the accelerator's "
            f"`tokens`, not {vectors}"
        )
    used = multiply.tile_rows.rows * vectors << multiply.strands
    if used > config.accumulators:
        yield (
            f"rows x vectors x strands must be at most {config.accumulators}, the accumulators of "
            f"a lane, not {used} ({multiply.tile_rows.rows} x {vectors} x {1 << multiply.strands})"
        )


def _stride(multiply: Multiply, registers: Registers, config: AcceleratorConfig) -> Iterator[str]:
    """Tiles are whole bus words and do not overlap; a sparse one's header says N, at least 2."""
    if multiply.stride % config.word_beats:
        yield (
            f"`stride` must be a multiple of {config.word_beats} beats, a word of the port, "
            f"not {multiply.stride}"
        )
    weights = multiply.format.weight_format()
    groups = value(multiply.groups, registers).high
    if value(multiply.tiles, registers).high <= 1 and not weights.sparse:
        return
    layout = TileLayout(weights, multiply.tile_rows.rows, config.lanes, config.ports)
    kept = min(SPARSE_COUNTS) if weights.sparse else WINDOW
    least = layout.tile_beats(groups, kept)
    if multiply.stride < least:
        yield (
            f"`stride` must be at least {least} beats, a tile of {groups} groups, "
            f"not {multiply.stride}"
        )
