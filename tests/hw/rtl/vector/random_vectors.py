"""Random MISC instructions that a verifier would accept, in small memories."""

import numpy as np

from wingbeat.hw.isa.instructions import (
    Combine,
    Destination,
    Function,
    Opcode,
    Reduce,
    Vector,
)
from wingbeat.hw.isa.operands import Count, GroupSize, SmallCount, VectorView
from wingbeat.hw.sequencer import Registers

GRANULES = 256
"""Of the vector memory; and groups of the operand memory."""

HALF = GRANULES // 2


def random_registers(rng: np.random.Generator) -> Registers:
    """Registers 1 to 8 hold small numbers."""
    registers = Registers()
    for index in range(1, 9):
        registers[index] = int(rng.integers(0, 4))
    return registers


class Maker:
    """Makes instructions that do not write what they read, except in place.

    An index is the last to be written: no number is read from where one may be, because to the
    arithmetic it would be a subnormal.
    """

    def __init__(self, rng: np.random.Generator, registers: Registers) -> None:
        self._rng = rng
        self._registers = registers

    def several(self, count: int) -> list[Vector]:
        """Return instructions that may depend on each other; the last may write an index."""
        return [self.one(index=i == count - 1) for i in range(count)]

    def one(self, index: bool) -> Vector:
        """Return an instruction; ARGMAX only where `index`."""
        rng = self._rng
        target = Destination(int(rng.random() < 0.3))
        reduce = Reduce.NONE
        if target is Destination.VECTOR:
            reduce = Reduce(int(rng.integers(0, 4 if index else 3)))
        group = GroupSize(int(rng.integers(0, 4)))
        step = int(rng.random() < 0.4)
        outer, inner = int(rng.integers(1, 6)), int(rng.integers(1, 5))
        length = int(rng.choice([rng.integers(1, 20), rng.integers(1, 300)]))
        while outer * (inner * (_units(length + outer, group) + 1) + 1) > HALF - 4:
            outer, inner, length = max(1, outer - 1), max(1, inner - 1), max(1, length // 2)
        if index and rng.random() < 0.5:
            target, reduce = Destination.VECTOR, Reduce.ARGMAX
        if rng.random() < 0.1:
            outer = 0
        if rng.random() < 0.1 and reduce is not Reduce.ARGMAX:
            length = 0
        longest = length + (max(outer, 1) - 1 if step else 0)
        granules = max(1, -(-longest // 16))
        half = int(rng.integers(0, 2)) * HALF
        first, second = (Combine(int(rng.integers(0, 5))) for _ in range(2))
        # the rest of a row's granule is written by nobody: rows of a destination stay apart
        size = granules
        if target is Destination.OPERAND:
            size = -(-longest // group.elements) * group.elements // 32
        elif reduce is not Reduce.NONE:
            size = 1
        destination = self._view(half, outer, inner, max(size, 1), apart=True)
        if reduce is not Reduce.NONE:
            destination = _scalar(destination, int(rng.integers(0, 2)))
        sources = [
            _scalar(self._view(HALF - half, outer, inner, granules), int(rng.random() < 0.25))
            for _ in range(3)
        ]
        if reduce is Reduce.NONE and target is Destination.VECTOR and rng.random() < 0.4:
            sources[int(rng.integers(0, 3))] = destination
        return Vector(
            Opcode.MISC,
            first=first,
            function=Function(int(rng.integers(0, 6))) if rng.random() < 0.5 else Function.IDENTITY,
            second=second,
            reduce=reduce,
            target=target,
            group=group,
            outer=SmallCount(*self._count(outer)),
            inner=inner,
            length=Count(*self._count(length)),
            step=step,
            destination=destination,
            a=sources[0],
            b=sources[1],
            c=sources[2],
        )

    def _count(self, value: int) -> tuple[int, int]:
        """Split a number into a constant and a register."""
        register = int(self._rng.integers(0, 9))
        if self._registers[register] > value:
            register = 0
        return value - self._registers[register], register

    def _view(
        self, half: int, outer: int, inner: int, size: int, apart: bool = False
    ) -> VectorView:
        """Return a view of rows of this size in one half; `apart`: rows do not overlap."""
        rng = self._rng
        least = size if apart else 0
        by_inner = int(rng.integers(least, size + 2))
        by_outer = int(rng.integers((by_inner * (inner - 1) + size) if apart else 0,
                                    by_inner * (inner - 1) + size + 2))  # fmt: skip
        if not apart and rng.random() < 0.2:
            by_outer = 0
        reach = by_outer * max(outer - 1, 0) + by_inner * (inner - 1) + size
        register = int(rng.integers(0, 9))
        added = self._registers[register]
        free = HALF - reach - added
        if free < 0:
            register, added, free = 0, 0, HALF - reach
        assert free >= 0, (outer, inner, size)
        base = half + int(rng.integers(0, free + 1))
        return VectorView(base, register, by_outer, by_inner)


def _units(length: int, group: GroupSize) -> int:
    """Granules or groups of a row, whichever is more."""
    return max(-(-length // 16), -(-length // group.elements) * group.elements // 32)


def _scalar(view: VectorView, scalar: int) -> VectorView:
    return VectorView(view.base, view.register, view.outer, view.inner, scalar)
