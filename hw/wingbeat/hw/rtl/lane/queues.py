"""The prefetch queues between splitter and assembler."""

from __future__ import annotations

import math
from typing import Any

from amaranth.hdl import Module
from amaranth.lib.fifo import SyncFIFOBuffered

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.lane.sections import record_table

_TILES = 16
"""Tiles whose beats may wait in a lane."""


def queue_depths(config: AcceleratorConfig) -> dict[str, int]:
    """Return entries of the queues between splitter and assembler.

    Scales and patterns get what belongs to `prefetch_beats` beats of codes where they are most, and
    at least a record.
    """
    table = record_table(config)

    def share(name: str, before: str | None) -> int:
        sizes = [(row[name]["end"] - (row[before]["end"] if before else 0), row) for row in table]
        codes = [row["codes"]["end"] - row["patterns"]["end"] for row in table]
        ratio = max(size / count for (size, _), count in zip(sizes, codes, strict=True))
        return max(math.ceil(config.prefetch_beats * ratio), max(size for size, _ in sizes), 2)

    return {
        "info": _TILES,
        "codes": config.prefetch_beats,
        "scales": share("scales", None),
        "patterns": share("patterns", "scales"),
    }


def connect(m: Module, source: Any, sink: Any, depth: int, name: str) -> None:
    """Put a queue of `depth` entries between two streams."""
    width = len(source.payload.as_value())
    m.submodules[f"{name}_queue"] = queue = SyncFIFOBuffered(width=width, depth=depth)
    m.d.comb += [
        queue.w_data.eq(source.payload),
        queue.w_en.eq(source.valid),
        source.ready.eq(queue.w_rdy),
        sink.payload.eq(queue.r_data),
        sink.valid.eq(queue.r_rdy),
        queue.r_en.eq(sink.ready),
    ]
