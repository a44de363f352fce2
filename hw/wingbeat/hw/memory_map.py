"""Regions of device memory: what lies where, and what a program may do there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wingbeat.hw.errors import ImageError
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.isa.program import PROGRAM_ALIGNMENT


@dataclass(frozen=True)
class Region:
    """A range of beats.

    Attributes
    ----------
    name : what it holds
    start, beats : first beat and number of beats; the same on each port that holds it
    striped : on every port (weights, caches), or on port 0 only
    writable : whether a program may write it
    """

    name: str
    start: int
    beats: int
    striped: bool
    writable: bool

    @property
    def stop(self) -> int:
        """The beat behind the last."""
        return self.start + self.beats

    @property
    def bytes_per_port(self) -> int:
        """Bytes on one port."""
        return self.beats * BEAT_BYTES

    def bytes_on(self, ports: int) -> int:
        """Bytes on all of so many ports that hold it."""
        return self.bytes_per_port * (ports if self.striped else 1)


@dataclass(frozen=True)
class MemoryMap:
    """All regions of an image, by ascending address.

    Raises
    ------
    ImageError
        If two regions overlap or share a name.
    """

    regions: tuple[Region, ...]

    def __post_init__(self) -> None:
        names = [region.name for region in self.regions]
        if len(set(names)) != len(names):
            raise ImageError(f"regions must have distinct names, not {', '.join(sorted(names))}")
        for region in self.regions:
            if region.start < 0 or region.beats < 0:
                raise ImageError(f"region `{region.name}` must lie at a positive address")
        for low, high in zip(self.regions, self.regions[1:], strict=False):
            if high.start < low.stop:
                raise ImageError(
                    f"region `{high.name}` [{high.start:#x}, {high.stop:#x}) must not overlap "
                    f"`{low.name}` [{low.start:#x}, {low.stop:#x})"
                )

    def __getitem__(self, name: str) -> Region:
        """Return a region by name; ImageError if there is none."""
        for region in self.regions:
            if region.name == name:
                return region
        raise ImageError(f"the image must have a region `{name}`, not only {self._names()}")

    def _names(self) -> str:
        return ", ".join(f"`{region.name}`" for region in self.regions)

    def find(self, start: int, stop: int) -> Region | None:
        """Return the region that holds beats `start` to `stop`, if one holds them all."""
        for region in self.regions:
            if region.start <= start and stop <= region.stop:
                return region
        return None

    @property
    def beats(self) -> int:
        """Beats that a port's memory must have."""
        return max((region.stop for region in self.regions), default=0)

    @property
    def program_start(self) -> int:
        """First beat of the program, on port 0: the page behind the last region."""
        page = PROGRAM_ALIGNMENT // BEAT_BYTES
        return -(-self.beats // page) * page

    @classmethod
    def of(cls, regions: Sequence[Region]) -> MemoryMap:
        """Sort regions by address; an empty one comes before another that begins there."""

        def place(region: Region) -> tuple[int, int, str]:
            return region.start, region.stop, region.name

        return cls(tuple(sorted(regions, key=place)))
