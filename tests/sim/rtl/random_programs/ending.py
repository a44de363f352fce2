"""The end of every program: registers, vector memory and operand memory go to memory.

No instruction stores operand entries as they are, so they are multiplied by a small matrix. Its
first row takes the sum of codes, the others weigh all codes: what differs in codes, scale or sum
differs in the results.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from tests.sim.rtl.random_programs.builder import ARGUMENTS, SEQUENCE, Block, Builder
from tests.sim.rtl.random_programs.machines import DENSE_BEATS, GROUPS, INDICES, MEMORY, NUMBERS

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import ADDER_LATENCY
from wingbeat.hw.formats import GROUP, CodedMatrix, ScaleKind, WeightFormat
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Multiply, Opcode, Store, StoreKind
from wingbeat.hw.isa.operands import (
    GRANULE,
    Address,
    Count,
    FormatField,
    OperandView,
    SmallCount,
    TileRows,
    VectorView,
)
from wingbeat.hw.stream import TileLayout

MATRIX_BEAT = MEMORY["weights"].start + DENSE_BEATS
"""Where the matrix lies."""

_ROWS = 4
_VECTORS = 8
_DUMP = MEMORY["dump"].start


def _layout(config: AcceleratorConfig) -> TileLayout:
    with_minimum = [f for f in config.weight_formats if f.scale is ScaleKind.SCALE_MIN]
    return TileLayout(
        next(f for f in with_minimum if not f.sparse), _ROWS, config.lanes, config.ports
    )


@cache
def reading_matrix(config: AcceleratorConfig) -> npt.NDArray[np.uint8]:
    """The matrix as a stream, uint8 (ports, bytes)."""
    layout = _layout(config)
    weights: WeightFormat = layout.format
    rows, columns = layout.tile_height, max(GROUP, weights.group)
    rng = np.random.default_rng(1)
    codes = rng.integers(1, weights.code_range[1] + 1, (rows, columns)).astype(np.uint8)
    scales, minima = np.ones((2, rows, columns // weights.group), np.float16)
    scales[::_ROWS], minima[1::_ROWS] = 0, 0
    return layout.pack(CodedMatrix(weights, codes, scales.view(np.uint16), minima.view(np.uint16)))


def ending(b: Builder) -> Block:
    """Instructions that bring everything to the region `dump`."""
    words = _DUMP * WORDS_PER_BEAT
    block: Block = [
        Store(Opcode.ST, kind=StoreKind.WORD, list=Address(words + i), position=register)
        for i, register in enumerate((*ARGUMENTS, SEQUENCE))
    ]
    place = _DUMP + -(-len(block) // WORDS_PER_BEAT)
    whole = NUMBERS + INDICES
    block.append(_store(b, place, whole))
    place += whole * GRANULE // WORDS_PER_BEAT
    strands = max(1, ADDER_LATENCY // (2 * _ROWS)).bit_length() - 1
    layout = _layout(b.config)
    for first in range(0, GROUPS, _VECTORS):
        block.append(
            Multiply(
                Opcode.MM,
                address=Address(MATRIX_BEAT),
                stride=layout.tile_beats(1),
                tiles=Count(1),
                groups=Count(1),
                format=FormatField.of(layout.format),
                tile_rows=TileRows.of(_ROWS),
                strands=strands,
                outer=SmallCount(_VECTORS),
                inner=1,
                operand=OperandView(b.operands + first, 0, 1),
                destination=VectorView(b.vectors + first, 0, 1),
            )
        )
    block.append(_store(b, place, GROUPS))
    return block


def _store(b: Builder, place: int, granules: int) -> Store:
    return Store(
        Opcode.ST,
        address=Address(place),
        rows=SmallCount(1),
        length=Count(granules * GRANULE),
        vector=VectorView(b.vectors),
    )
