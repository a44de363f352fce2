"""Device memory of a simulated component: AXI4 over NumPy buffers, cycle by cycle in C++."""

from __future__ import annotations

import ctypes
import enum
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
    row_bytes: int = 0
    """Size of a row: a burst in another row than the one before, of the same direction ..."""
    row_miss: int = 0
    """... waits so many cycles when its turn has come; 0 bytes: there are no rows."""
    stall: float = 0.0
    """Probability that a channel begins a pause in a cycle, each of the five by itself."""
    pause: int = 1
    """Longest pause, cycles; each is random from 1 on."""
    outstanding: int = 16
    """Bursts under way in each direction before addresses are refused."""
    seed: int = 1
    """Of the pauses."""


class Answer(enum.IntEnum):
    """What a faulty memory answers: an AXI response, or nothing."""

    OKAY = 0
    SLVERR = 2
    DECERR = 3
    NEVER = 4


EVER = 2**64 - 1
"""For `Fault.count` and `Fault.stop`: no end."""


@dataclass(frozen=True)
class Fault:
    """Which words of a port are answered wrongly, counted from when the fault is injected."""

    answer: Answer
    """NEVER: this word and everything behind it, of the same direction, until the fault is gone."""
    writes: bool = False
    """Words that are written, otherwise words that are read."""
    after: int = 0
    """So many words are answered as usual ..."""
    count: int = 1
    """... then so many are not."""
    start: int = 0
    """Only words from this byte address on ..."""
    stop: int = EVER
    """... and before this one count."""
    reader: int = EVER
    """Only words that were asked for with this AXI id count, unless it is EVER."""


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
    "row_bytes",
    "row_miss",
    "stall",
    "pause",
    "outstanding",
    "seed",
)
_CHANGING = (
    "fault_start",
    "fault_stop",
    "fault_writes",
    "fault_id",
    "fault_after",
    "fault_count",
    "fault_response",
    "words_read",
    "words_written",
    "faults",
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
            row_bytes=timing.row_bytes,
            row_miss=timing.row_miss,
            stall=round(timing.stall * 2**32),
            pause=timing.pause,
            outstanding=timing.outstanding,
            seed=timing.seed,
        )

    def inject(self, fault: Fault | None) -> None:
        """Let words fail from now on; None takes a fault away, and what hung is answered."""
        shared = self.shared
        shared.fault_response = Answer.OKAY
        if fault is None:
            return
        shared.fault_start, shared.fault_stop = fault.start, fault.stop
        shared.fault_writes, shared.fault_id = fault.writes, fault.reader
        shared.fault_after, shared.fault_count = fault.after, fault.count
        shared.fault_response = fault.answer

    @property
    def faults(self) -> int:
        """Words that were answered wrongly so far."""
        return int(self.shared.faults)

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
