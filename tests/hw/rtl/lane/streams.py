"""Random matrices, laid out for one lane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wingbeat.hw.formats import GROUP, WINDOW, CodedMatrix, ScaleKind, WeightFormat
from wingbeat.hw.isa.operands import FormatField, TileRows
from wingbeat.hw.rtl.lane.commands import TILE
from wingbeat.hw.stream import TileLayout, Unpacked


@dataclass
class Tile:
    """A tile of one lane and the beats that hold it."""

    layout: TileLayout
    groups: int
    kept: int
    beats: npt.NDArray[np.uint64]
    surplus: int = 0
    twins: bool = False

    @property
    def command(self) -> int:
        return int(
            TILE.const(
                {
                    "format": FormatField.layout().from_bits(
                        FormatField.of(self.layout.format).to_bits()
                    ),
                    "tile_rows": TileRows.of(self.layout.rows),
                    "groups": self.groups,
                    "beats": len(self.beats),
                    "twins": self.twins,
                }
            )
            .as_value()
            .value
        )

    @property
    def body(self) -> npt.NDArray[np.uint64]:
        """The beats of the tile itself."""
        return self.beats[: len(self.beats) - self.surplus]

    def unpack(self) -> Unpacked:
        raw = self.body.view(np.uint8).reshape(1, 1, -1)
        return self.layout.unpack(raw, self.groups, self.kept)


def random_tile(
    rng: np.random.Generator,
    weights: WeightFormat,
    rows: int,
    groups: int,
    kept: int = WINDOW,
    surplus: int = 0,
    garbage: bool = False,
) -> Tile:
    """Make a tile; `garbage` fills it with any bits, as an uninitialised cache is."""
    layout = TileLayout(weights, rows, 1, 1)
    low, high = weights.code_range
    drawn = rng.integers(low, high + 1, (rows, groups * GROUP))
    unsigned = weights.scale is ScaleKind.SCALE_MIN
    codes = drawn.astype(np.uint8) if unsigned else drawn.astype(np.int8)
    masks = None
    if weights.sparse:
        order = rng.random((rows // 2, groups * 2, WINDOW)).argsort(axis=-1)
        masks = ((order < kept) << np.arange(WINDOW)).sum(-1).astype(np.uint16)
    shape = (rows, -(-groups * GROUP // weights.group))
    halves = [rng.uniform(-2, 2, shape).astype(np.float16).view(np.uint16) for _ in range(2)]
    count = weights.scale_bytes // 2
    if groups * GROUP % weights.group:
        raise ValueError("whole scale groups only")
    matrix = CodedMatrix(
        weights,
        codes,
        halves[0] if count > 0 else None,
        halves[1] if count > 1 else None,
        masks,
    )
    stream = layout.pack(matrix, np.array([kept]) if weights.sparse else None)
    if garbage:
        header = 16 if weights.sparse else 0
        stream[:, header:] = rng.integers(0, 256, stream[:, header:].shape)
    extra = rng.integers(0, 256, (1, surplus * 16)).astype(np.uint8)
    beats = np.concatenate([stream, extra], axis=1).view(np.uint64).reshape(-1, 2)
    return Tile(layout, groups, kept, beats, surplus)
