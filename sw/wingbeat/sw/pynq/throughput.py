"""How fast the way from a host to its board is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pynq import allocate

from wingbeat.hw.errors import DeviceError
from wingbeat.hw.register_map import RegisterMap
from wingbeat.sw.pynq.ip import WingbeatIP

BYTES = 8 << 20
"""Size of the transfers: PYNQ's remote reads grow slow beyond 16 MiB."""

ACCESSES = 100
"""Registers read and written."""


@dataclass(frozen=True)
class Throughput:
    """What was measured, on the host's clock.

    Attributes
    ----------
    register_read_ms, register_write_ms : one word
    to_device_mib_s, from_device_mib_s : memory, MiB a second
    """

    register_read_ms: float
    register_write_ms: float
    to_device_mib_s: float
    from_device_mib_s: float


def measure(ip: WingbeatIP, device: Any) -> Throughput:
    """Read and write the first argument register, and a buffer; no program may run."""
    offset = RegisterMap.ARGUMENT.word()
    kept = ip.mmio.read(offset)
    reading = _seconds(lambda: ip.mmio.read(offset), ACCESSES)
    writing = _seconds(lambda: ip.mmio.write(offset, kept), ACCESSES)
    buffer = allocate((BYTES,), "u1", target=device)
    try:
        pattern = np.random.default_rng(1).integers(0, 256, BYTES, np.uint8)
        buffer[:] = pattern
        there = _seconds(buffer.sync_to_device)
        buffer[:] = 0
        back = _seconds(buffer.sync_from_device)
        if not np.array_equal(buffer, pattern):
            raise DeviceError("device memory must keep what is written to it, and does not")
    finally:
        buffer.freebuffer()
    size = BYTES / (1 << 20)
    return Throughput(reading * 1e3, writing * 1e3, size / there, size / back)


def _seconds(action: Callable[[], Any], times: int = 1) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        action()
    return (time.perf_counter() - begin) / times
