"""Performance counters: what a machine did, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.hw.isa.instructions import Unit


@dataclass(frozen=True)
class Counters:
    """Sums over runs; those of the RTL are its registers of the same names.

    Attributes
    ----------
    cycles : in which a program ran
    retired : instructions
    busy, stalled : by unit, cycles with an instruction in progress; with none, because the next
        one waits for tokens (SYS: for room in a queue)
    beats : by memory port, read and written
    """

    cycles: int
    retired: int
    busy: tuple[int, ...]
    stalled: tuple[int, ...]
    beats: tuple[int, ...]

    @classmethod
    def none(cls, ports: int) -> Counters:
        """Return the counters of a machine that has done nothing."""
        return cls(0, 0, (0,) * len(Unit), (0,) * len(Unit), (0,) * ports)

    def __add__(self, other: Counters) -> Counters:
        return Counters(
            self.cycles + other.cycles,
            self.retired + other.retired,
            _sums(self.busy, other.busy),
            _sums(self.stalled, other.stalled),
            _sums(self.beats, other.beats),
        )


def _sums(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(x + y for x, y in zip(a, b, strict=True))
