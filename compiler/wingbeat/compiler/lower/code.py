"""Code under construction: instructions that still name their buffers, in nested loops."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wingbeat.compiler.lower.registers import R
from wingbeat.hw.isa.footprint import Space
from wingbeat.hw.isa.instructions import (
    Combine,
    Destination,
    Function,
    Instruction,
    Opcode,
    Reduce,
    Scalar,
    System,
    Vector,
)
from wingbeat.hw.isa.operands import (
    Address,
    Count,
    GroupSize,
    OperandView,
    SmallCount,
    VectorView,
)

Amount = int | R
"""A number known now, or kept in a register."""


@dataclasses.dataclass(frozen=True, eq=False)
class Buffer:
    """A piece of on-chip memory, placed later.

    Attributes
    ----------
    name : for reports
    space : vector or operand memory
    rows : tokens, or whatever the outer index counts
    pitch : granules (vector) or groups (operand) from row to row
    """

    name: str
    space: Space
    rows: int
    pitch: int

    @property
    def size(self) -> int:
        """Granules or groups."""
        return self.rows * self.pitch


@dataclasses.dataclass(frozen=True)
class Ref:
    """A view of a buffer.

    Attributes
    ----------
    buffer : what is viewed
    offset : granules or groups from its start
    register : added to the address
    outer : distance of outer indices; the buffer's pitch unless given
    inner : distance of inner indices
    scalar : one word for all elements
    rows : rows of the buffer that are touched; all of them unless given
    """

    buffer: Buffer
    offset: int = 0
    register: R = R.ZERO
    outer: int | None = None
    inner: int = 0
    scalar: bool = False
    rows: range | None = None

    def of_rows(self, rows: range) -> Ref:
        """View these rows of the buffer alone."""
        offset = self.offset + rows.start * self.buffer.pitch
        return dataclasses.replace(self, offset=offset, rows=rows)

    def _outer(self) -> int:
        return self.buffer.pitch if self.outer is None else self.outer

    def vector(self) -> VectorView:
        """Return the view, based at the buffer's start."""
        return VectorView(self.offset, self.register, self._outer(), self.inner, int(self.scalar))

    def operand(self) -> OperandView:
        """Return the view as one of the operand memory."""
        return OperandView(self.offset, self.register, self._outer(), self.inner)


@dataclasses.dataclass(eq=False)
class Step:
    """One instruction and what it touches.

    Attributes
    ----------
    instruction : complete but for buffer addresses and tokens
    views : field of the instruction to the buffer that it is a view of
    rows : field of the instruction to the rows of the buffer that are touched, if not all of them
    reads, writes : memory that it touches, by label; steps with a label in common keep their order
    what : what it does, for reports
    """

    instruction: Instruction
    what: str
    views: dict[str, Buffer] = dataclasses.field(default_factory=dict)
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    rows: dict[str, range] = dataclasses.field(default_factory=dict)

    def touched(self) -> Iterator[tuple[Buffer, bool]]:
        """Yield each buffer and whether it is written."""
        for field, buffer in self.views.items():
            yield buffer, field == "destination"

    def extents(self) -> Iterator[tuple[Buffer, range, bool]]:
        """Yield each buffer, the granules or groups of it, and whether they are written."""
        for field, buffer in self.views.items():
            rows = self.rows.get(field, range(buffer.rows))
            touched = range(rows.start * buffer.pitch, rows.stop * buffer.pitch)
            yield buffer, touched, field == "destination"


@dataclasses.dataclass(eq=False)
class Loop:
    """A body that runs `count` times."""

    count: Amount
    body: list[Step | Loop]


def count(amount: Amount) -> Count:
    """Encode an amount as a 16-bit count."""
    return Count(0, amount) if isinstance(amount, R) else Count(amount)


def small_count(amount: Amount) -> SmallCount:
    """Encode an amount as an 8-bit count."""
    return SmallCount(0, amount) if isinstance(amount, R) else SmallCount(amount)


class Code:
    """Builds nested steps and loops."""

    def __init__(self) -> None:
        self.body: list[Step | Loop] = []
        self._open = [self.body]

    @contextmanager
    def loop(self, trips: Amount) -> Iterator[None]:
        """Put what follows into a loop."""
        loop = Loop(trips, [])
        self._open[-1].append(loop)
        self._open.append(loop.body)
        yield
        self._open.pop()

    def emit(
        self,
        instruction: Instruction,
        what: str,
        views: dict[str, Ref] | None = None,
        reads: tuple[str, ...] = (),
        writes: tuple[str, ...] = (),
    ) -> None:
        """Append an instruction; the views become fields of it."""
        refs = views or {}
        operands: dict[str, Any] = {
            name: ref.operand() if name == "operand" else ref.vector() for name, ref in refs.items()
        }
        instruction = dataclasses.replace(instruction, **operands)
        buffers = {name: ref.buffer for name, ref in refs.items()}
        rows = {name: ref.rows for name, ref in refs.items() if ref.rows is not None}
        self._open[-1].append(Step(instruction, what, buffers, reads, writes, rows))

    def scalar(
        self, operation: Scalar, destination: R, a: R, b: Amount = 0, immediate: int = 0
    ) -> None:
        """`destination = a op b`, b a register or a constant (or the sum of both)."""
        register = b if isinstance(b, R) else R.ZERO
        constant = immediate if isinstance(b, R) else b
        self.emit(
            System(
                Opcode.SYS,
                operation=operation,
                destination=destination,
                a=a,
                b=register,
                immediate=constant & 0xFFFFFFFF,
            ),
            "registers",
        )

    def set(self, destination: R, value: Amount) -> None:
        """`destination = value`."""
        self.scalar(Scalar.ADD, destination, R.ZERO, value)

    def misc(
        self,
        what: str,
        destination: Ref,
        a: Ref,
        b: Ref | None = None,
        c: Ref | None = None,
        *,
        first: Combine = Combine.PASS,
        function: Function = Function.IDENTITY,
        second: Combine = Combine.PASS,
        reduce: Reduce = Reduce.NONE,
        group: int = 32,
        outer: Amount = 1,
        inner: int = 1,
        length: Amount = 1,
        step: bool = False,
    ) -> None:
        """Append a MISC; it writes the memory that its destination is a buffer of."""
        views = {"destination": destination, "a": a}
        views |= {name: ref for name, ref in (("b", b), ("c", c)) if ref is not None}
        to_operands = destination.buffer.space is Space.OPERAND
        instruction = Vector(
            Opcode.MISC,
            first=first,
            function=function,
            second=second,
            reduce=reduce,
            target=Destination.OPERAND if to_operands else Destination.VECTOR,
            group=GroupSize.of(group),
            outer=small_count(outer),
            inner=inner,
            length=count(length),
            step=int(step),
        )
        self.emit(instruction, what, views)


def beats(immediate: int, register: R = R.ZERO) -> Address:
    """Return a memory address."""
    return Address(immediate, register)
