"""How much of the memory ports' bandwidth was used, in windows of cycles."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.sim.trace import Traffic
from wingbeat.sw.tracing.replay import Step, apart

WINDOW = 256
"""Cycles of a window over which an estimate is spread."""


@dataclass(frozen=True, slots=True)
class Window:
    """Use of all ports in some cycles.

    Attributes
    ----------
    begin, end : first cycle, and the cycle behind the last
    read, written : share of what the ports could carry in that direction, by port, 0 to 1
    """

    begin: int
    end: int
    read: tuple[float, ...]
    written: tuple[float, ...]


def measured(traffic: Sequence[Traffic], config: AcceleratorConfig) -> list[Window]:
    """Return the windows between samples of the ports."""
    beats = max(1, config.port_bits // BEAT_BITS)
    windows = []
    for before, after in itertools.pairwise(traffic):
        cycles = after.cycle - before.cycle
        if cycles:
            read, written = (
                tuple((now - then) / (cycles * beats) for now, then in zip(new, old, strict=True))
                for new, old in ((after.read, before.read), (after.written, before.written))
            )
            windows.append(Window(before.cycle, after.cycle, read, written))
    return windows


def estimated(steps: Sequence[Step], cycles: int, config: AcceleratorConfig) -> list[Window]:
    """Spread the bytes of each instruction evenly over its cycles and over all ports.

    For a machine without memory ports. Both directions are counted as reads, and what is read ahead
    of an instruction is counted with it, so a window may have more than a port can carry.
    """
    # the bytes of a cycle, as differences at the cycles in which an instruction begins and ends
    change = np.zeros(cycles + 2)
    for step, start in apart(steps):
        end = max(step.retired.end, start + 1)
        rate = step.bytes / (end - start)
        change[start] += rate
        change[min(end, cycles + 1)] -= rate
    total = np.concatenate(([0.0], np.cumsum(np.cumsum(change))))
    windows = []
    for begin in range(0, cycles, WINDOW):
        end = min(begin + WINDOW, cycles)
        moved = float(total[end] - total[begin])
        share = moved / ((end - begin) * config.port_bytes)
        windows.append(Window(begin, end, (share,) * config.ports, (0.0,) * config.ports))
    return windows
