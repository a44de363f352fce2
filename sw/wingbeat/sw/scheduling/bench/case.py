"""What is measured: cases, each of which any scheduler can be put to under any seed."""

from __future__ import annotations

from typing import Protocol

Figures = dict[str, float]
"""What one run of one scheduler showed, by name; empty if the case has none under that seed."""


class Case(Protocol):
    """Something that schedulers are compared on. Processes exchange cases, so they are small."""

    @property
    def name(self) -> str:
        """Unique in its part of the comparison."""

    @property
    def metric(self) -> str:
        """The figure by which schedulers are compared; less is better."""

    @property
    def unit(self) -> str:
        """Of the metric."""

    @property
    def count(self) -> int:
        """How many runs of each scheduler there are, under the seeds 0, 1 and so on."""

    def measure(self, scheduler: str, seed: int) -> Figures:
        """Return the figures of a scheduler; they are the same each time, but for times."""
