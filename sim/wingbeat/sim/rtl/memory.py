"""Device memory of a simulated component: AXI4 over NumPy buffers, cycle by cycle in C++."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

CHANNELS = {
    "aw": ("valid", "ready", "addr", "len", "size", "burst", "id"),
    "w": ("valid", "ready", "data", "strb", "last"),
    "b": ("valid", "ready", "resp", "id"),
    "ar": ("valid", "ready", "addr", "len", "size", "burst", "id"),
    "r": ("valid", "ready", "data", "resp", "last", "id"),
}
"""Signals by channel, in the order in which native/memory.h takes them."""

VIOLATIONS = (
    "",
    "a read address changed before it was taken",
    "a write address changed before it was taken",
    "write data changed before they were taken",
    "a burst crosses a multiple of 4 KiB",
    "a burst that is not INCR",
    "a transfer narrower than the port",
    "an address that is no multiple of the port's width",
    "w.last does not agree with aw.len",
)


@dataclass(frozen=True)
class Timing:
    """How a memory port behaves in time; the default never makes anybody wait."""

    read_latency: int = 1
    """Cycles from a read address to its first word, at least 1."""
    write_latency: int = 1
    """Cycles from the last word of a write to its response, at least 1."""
    rate: float = 2.0
    """Words a cycle, reads and writes together."""
    refresh_interval: int = 0
    """Every so many cycles no word moves ..."""
    refresh_cycles: int = 0
    """... for so many cycles."""
    refresh_phase: int = 0
    """The first gap begins so many cycles earlier than at 0."""
    stall: float = 0.0
    """Probability that a channel pauses in a cycle, each of the five by itself."""
    outstanding: int = 16
    """Bursts under way in each direction before addresses are refused."""
    seed: int = 1
    """Of the pauses."""


class _Region(ctypes.Structure):
    _fields_ = (
        ("start", ctypes.c_uint64),
        ("size", ctypes.c_uint64),
        ("data", ctypes.c_void_p),
        ("writable", ctypes.c_uint64),
    )


_CONFIGURED = (
    "region_count",
    "read_latency",
    "write_latency",
    "rate",
    "refresh_interval",
    "refresh_cycles",
    "refresh_phase",
    "stall",
    "outstanding",
    "seed",
)
_CHANGING = (
    "fault_address",
    "fault_response",
    "words_read",
    "words_written",
    "violation",
    "violation_cycle",
    "violation_address",
)


class _Shared(ctypes.Structure):
    """`MemoryPort` of memory_port.h."""

    _fields_ = (
        ("regions", ctypes.POINTER(_Region)),
        *((name, ctypes.c_uint64) for name in _CONFIGURED + _CHANGING),
    )


class MemoryPort:
    """What answers one AXI4 port (`Simulation.attach`).

    Bursts are answered in order. A word outside all regions is answered with DECERR, a write to a
    read-only buffer with SLVERR. A written burst becomes visible when its response is offered.

    Parameters
    ----------
    regions : byte address to a contiguous array; used in place, so it shows what is written
    timing : latencies, bandwidth, pauses
    """

    def __init__(
        self, regions: Mapping[int, npt.NDArray[Any]], timing: Timing | None = None
    ) -> None:
        timing = timing or Timing()
        if not all(array.flags.c_contiguous for array in regions.values()):
            raise ValueError("a region must be contiguous")
        self._arrays = list(regions.values())  # keeps them alive
        self._regions = (_Region * len(regions))(
            *[
                _Region(start, array.nbytes, array.ctypes.data, array.flags.writeable)
                for start, array in regions.items()
            ]
        )
        self.shared = _Shared(
            regions=self._regions,
            region_count=len(regions),
            read_latency=timing.read_latency,
            write_latency=timing.write_latency,
            rate=round(timing.rate * 2**16),
            refresh_interval=timing.refresh_interval,
            refresh_cycles=timing.refresh_cycles,
            refresh_phase=timing.refresh_phase,
            stall=round(timing.stall * 2**32),
            outstanding=timing.outstanding,
            seed=timing.seed,
        )

    def fail(self, address: int, response: int) -> None:
        """Answer the word at `address` with this AXI response (2 SLVERR, 3 DECERR; 0: as usual)."""
        self.shared.fault_address, self.shared.fault_response = address, response

    @property
    def words_read(self) -> int:
        """Words delivered so far."""
        return int(self.shared.words_read)

    @property
    def words_written(self) -> int:
        """Words accepted so far."""
        return int(self.shared.words_written)

    @property
    def violation(self) -> str:
        """The first breach of the protocol by the component, empty if there was none."""
        shared = self.shared
        if not shared.violation:
            return ""
        what = VIOLATIONS[shared.violation]
        return f"{what} (cycle {shared.violation_cycle}, address {shared.violation_address:#x})"


def signals(prefix: str, index: Mapping[str, int]) -> npt.NDArray[np.int32]:
    """Return the indices of an AXI port's signals as model_attach takes them, -1: not there."""
    names = [f"{prefix}__{channel}__{s}" for channel, fields in CHANNELS.items() for s in fields]
    found = np.array([index.get(name, -1) for name in names], np.int32)
    if (found < 0).all():
        raise KeyError(f"no AXI port `{prefix}`")
    return found
