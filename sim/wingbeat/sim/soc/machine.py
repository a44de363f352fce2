"""A machine: processing elements and how long data take between them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import inf

Transfer = tuple[tuple[int, ...], ...]
"""Ticks that an amount of data takes, `[from element][to element]`."""


class Machine:
    """Processing elements and the bandwidth between any two of them.

    A transfer takes `volume / bandwidth` ticks, rounded down as DS3 does, and none within an
    element. Transfers do not slow each other down.

    Parameters
    ----------
    names : of each element
    classes : of each element, the kind that it is one of
    bandwidth : amount of data per tick, `[from element][to element]`; greater than zero
    """

    def __init__(
        self,
        names: Sequence[str],
        classes: Sequence[str],
        bandwidth: Sequence[Sequence[float]],
    ) -> None:
        self.names = tuple(names)
        self.classes = tuple(classes)
        self.bandwidth = tuple(tuple(row) for row in bandwidth)
        self._rates = [
            [inf if source == sink else rate for sink, rate in enumerate(row)]
            for source, row in enumerate(self.bandwidth)
        ]
        self._transfers: dict[float, tuple[Transfer, float]] = {}

    @cached_property
    def elements(self) -> range:
        """The elements' numbers."""
        return range(len(self.names))

    def transfer(self, volume: float) -> Transfer:
        """Return the ticks that an amount of data takes between any two elements."""
        return self._transfer(volume)[0]

    def mean_transfer(self, volume: float) -> float:
        """Return the mean of `transfer` over all pairs of two different elements."""
        return self._transfer(volume)[1]

    def _transfer(self, volume: float) -> tuple[Transfer, float]:
        known = self._transfers.get(volume)
        if known is None:
            table = tuple([tuple([int(volume / rate) for rate in row]) for row in self._rates])
            count = len(self.names)
            mean = sum(map(sum, table)) / max(1, count * (count - 1))
            known = self._transfers[volume] = table, mean
        return known
