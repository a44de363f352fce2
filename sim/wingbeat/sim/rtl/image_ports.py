"""Memory ports of a simulated machine, with an image and its program behind them."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.isa.program import Program
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.rtl.memory import MemoryPort, Timing


def image_ports(
    ports: int, program: Program, memory: DeviceMemory, timing: Timing | None = None
) -> list[MemoryPort]:
    """Return so many ports over the image's regions; the program is behind those of port 0."""
    regions = [_regions_of(memory, port) for port in range(ports)]
    regions[0][memory.layout.program_start * BEAT_BYTES] = program.page()
    return [MemoryPort(of_port, timing) for of_port in regions]


def _regions_of(memory: DeviceMemory, port: int) -> dict[int, npt.NDArray[Any]]:
    """Return the arrays that lie on a port, by byte address."""
    found: dict[int, npt.NDArray[Any]] = {}
    for region in memory.layout.regions:
        rows = memory.region(region.name) if region.beats else ()
        if port < len(rows):
            found[region.start * BEAT_BYTES] = rows[port]
    return found
