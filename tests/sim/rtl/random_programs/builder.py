"""A program under construction: its instructions, its registers, its places in the memories."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.sim.rtl.random_programs.machines import DENSE_BEATS, GROUPS, INDICES, MEMORY, NUMBERS

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Instruction, Opcode, Scalar, System
from wingbeat.hw.isa.operands import GRANULE, VectorView
from wingbeat.hw.isa.program import WORD

ARGUMENTS = range(1, 9)
"""Registers that the host sets, and with which programs compute."""

SEQUENCE = 9
"""Register of the tokens published so far."""

_SCRATCH = range(10, 32)

T = TypeVar("T")


@dataclass
class Repeat:
    """A LOOP and its body."""

    head: System
    body: Block


Block = list["Instruction | Repeat"]


@dataclass
class Builder:
    """What the makers of statements share.

    Attributes
    ----------
    vectors, operands : first granule and first group that the program computes in
    words : of memory on port 0 that the program relies on, by word address
    headers : N of sparse tiles, by their first beat
    """

    config: AcceleratorConfig
    rng: random.Random
    block: Block = field(default_factory=list)
    words: dict[int, int] = field(default_factory=dict)
    headers: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        free = self.config.vector_granules - NUMBERS - INDICES
        self.vectors = self.rng.choice((0, free, self.rng.randint(0, free)))
        free = self.config.operand_groups - GROUPS
        self.operands = self.rng.choice((0, free, self.rng.randint(0, free)))
        self._next = 0
        self._sparse_end = MEMORY["weights"].stop

    def emit(self, instruction: Instruction) -> None:
        self.block.append(instruction)

    def some(self, values: Sequence[T], given: T | None) -> T:
        """What is given, otherwise any of the values."""
        return self.rng.choice(values) if given is None else given

    # ---- registers --------------------------------------------------------------------------

    def affine(self, value: int, spare: int = 0) -> tuple[int, int]:
        """Constant and register whose sum is `value`, or at most so much more."""
        if spare and self.rng.random() < 0.5:
            return value, self.below(self.rng.randint(1, spare) + 1)
        if self.rng.random() < 0.7:
            return value, 0
        part = self.rng.choice((value, self.rng.randint(0, value)))
        return value - part, self.holding(part)

    def holding(self, value: int) -> int:
        """A register that holds a value, set in one of several ways."""
        register = self._scratch()
        if self.rng.random() < 0.5:
            self.scalar(Scalar.MAX, register, 0, value)
        else:
            away = self.rng.getrandbits(32)
            self.scalar(Scalar.ADD, register, 0, (value + away) & WORD)
            self.scalar(Scalar.SUB, register, register, away)
        return register

    def below(self, limit: int) -> int:
        """A register that holds a number below a limit, which depends on the arguments."""
        register = self._scratch()
        source = self.rng.choice(ARGUMENTS)
        if limit & (limit - 1) == 0:
            self.scalar(Scalar.AND, register, source, limit - 1)
        else:
            self.scalar(Scalar.MIN, register, source, limit - 1)
        return register

    def scalar(self, operation: Scalar, target: int, a: int, immediate: int, b: int = 0) -> None:
        self.emit(
            System(
                Opcode.SYS, operation=operation, destination=target, a=a, b=b, immediate=immediate
            )
        )

    def _scratch(self) -> int:
        self._next = (self._next + 1) % len(_SCRATCH)
        return _SCRATCH[self._next]

    # ---- places -----------------------------------------------------------------------------

    def strides(
        self, outer: int, inner: int, size: int, most: int, apart: bool = False
    ) -> tuple[int, int, int]:
        """Distances of outer and inner rows of a size, and how far they reach together.

        `apart`: rows do not overlap. They lie as close as they can where else they would reach
        further than `most`.
        """
        rng, outer, inner = self.rng, max(outer, 1), max(inner, 1)
        by_inner = rng.randint(size if apart else 0, size + rng.randrange(2))
        row = by_inner * (inner - 1) + size
        by_outer = rng.randint(row if apart else 0, row + rng.randrange(2))
        if by_outer * (outer - 1) + row > most:
            by_inner, by_outer = (size, size * inner) if apart else (0, 0)
            row = by_inner * (inner - 1) + size
        return by_outer, by_inner, by_outer * (outer - 1) + row

    def vector(
        self, outer: int, inner: int, words: int, avoid: range = range(0), apart: bool = False
    ) -> tuple[VectorView, range]:
        """A view of rows in the numbers, and the granules that it may reach."""
        most = NUMBERS
        if avoid:
            most = max(avoid.start - self.vectors, self.vectors + NUMBERS - avoid.stop)
        size = max(1, -(-words // GRANULE))
        by_outer, by_inner, reach = self.strides(outer, inner, size, most, apart)
        start, spare = self.place(self.vectors, NUMBERS, reach, avoid)
        view = VectorView(*self.affine(start, spare), by_outer, by_inner)
        return view, range(start, start + reach + spare)

    def indices(self, outer: int, inner: int) -> VectorView:
        """A view of rows of one granule where indices may be written."""
        by_outer, by_inner, reach = self.strides(outer, inner, 1, INDICES, apart=True)
        start, spare = self.place(self.vectors + NUMBERS, INDICES, reach)
        return VectorView(*self.affine(start, spare), by_outer, by_inner)

    def entries(
        self, outer: int, inner: int, groups: int, apart: bool = False
    ) -> tuple[int, int, int, int]:
        """A view of rows of the operand memory: the fields of its declaration."""
        by_outer, by_inner, reach = self.strides(outer, inner, max(groups, 1), GROUPS, apart)
        start, spare = self.place(self.operands, GROUPS, reach)
        return *self.affine(start, spare), by_outer, by_inner

    def place(self, base: int, size: int, reach: int, avoid: range = range(0)) -> tuple[int, int]:
        """Where something of a size fits outside of `avoid`, and what may be added to it."""
        gaps = [range(base, base + size)]
        if avoid:
            gaps = [range(base, avoid.start), range(avoid.stop, base + size)]
        gap = self.rng.choice([gap for gap in gaps if len(gap) >= reach])
        start = self.rng.randint(gap.start, gap.stop - reach)
        return start, min(3, gap.stop - reach - start)

    def sparse_place(self, beats: int, unit: int) -> int:
        """Beats of the weights for tiles with headers, from a multiple of `unit` on."""
        self._sparse_end -= beats
        self._sparse_end -= self._sparse_end % unit
        assert self._sparse_end > MEMORY["weights"].start + DENSE_BEATS
        return self._sparse_end
