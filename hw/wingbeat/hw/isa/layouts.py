"""The stream layout that an instruction's fields name."""

from __future__ import annotations

from functools import lru_cache

from wingbeat.hw.isa.operands import FormatField, TileRows
from wingbeat.hw.stream import TileLayout


@lru_cache(maxsize=256)
def layout_of(weights: FormatField, rows: TileRows, lanes: int, ports: int) -> TileLayout:
    """Return the layout; ConfigError for a format that no lane decodes."""
    return TileLayout(weights.weight_format(), rows.rows, lanes, ports)
