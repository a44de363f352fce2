"""Random instructions of the sequencer: arithmetic, peeks, loops, tokens."""

from __future__ import annotations

from tests.sim.rtl.random_programs.builder import ARGUMENTS, Block, Builder, Repeat
from tests.sim.rtl.random_programs.machines import INDICES, NUMBERS

from wingbeat.hw.isa.instructions import (
    COUNTER_LIMIT,
    LOOP_DEPTH,
    Instruction,
    Opcode,
    Scalar,
    System,
    Unit,
)
from wingbeat.hw.isa.operands import VectorView

OPERATIONS = [operation.name for operation in Scalar if operation.value < Scalar.LOOP.value]

_CONSTANTS = (0, 1, 2, 3, 7, 31, 32, 200, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


def arithmetic(b: Builder, operation: str | None = None) -> None:
    """One operation on the arguments, and what has become of them."""
    rng = b.rng
    what = Scalar[b.some(OPERATIONS, operation)]
    target, first, second = (rng.choice((0, *ARGUMENTS)) for _ in range(3))
    constant = rng.choice((*_CONSTANTS, rng.getrandbits(32)))
    b.scalar(what, target, first, constant, second)


def peek(b: Builder) -> None:
    """A word of the vector memory to a register, an index perhaps."""
    rng = b.rng
    start = b.vectors + rng.randrange(NUMBERS + INDICES - 3)
    b.emit(
        System(
            Opcode.SYS,
            operation=Scalar.PEEK,
            destination=rng.choice(ARGUMENTS),
            vector=VectorView(*b.affine(start, 2)),
            length=rng.choice((0, 1, 15, rng.randrange(16))),
        )
    )


def repeat(b: Builder, body: Block, count: str, trips: str) -> None:
    """A loop whose count is a constant or in a register."""
    number = {"none": 0, "one": 1, "several": b.rng.randint(2, 3)}[trips]
    register = b.holding(number) if count == "register" else 0
    head = System(
        Opcode.SYS, operation=Scalar.LOOP, a=register, immediate=0 if register else number
    )
    b.block.append(Repeat(head, body))


def nest(b: Builder, body: Block) -> None:
    """As many loops as there may be, one in the other."""
    for depth in range(LOOP_DEPTH):
        head = System(Opcode.SYS, operation=Scalar.LOOP, immediate=1 + (depth in (0, 5)))
        body = [Repeat(head, body)]
    b.block += body


def tokens(b: Builder, source: str, target: str) -> None:
    """Tokens from one unit to another, by instructions that do nothing else.

    They are in a loop of their own, because all other counters are at 0 there.
    """
    give, take = Unit[source], Unit[target]
    number = b.rng.choice((1, 2, COUNTER_LIMIT))
    body: Block = [_empty(give, release=1 << take.value)] * number
    body += [_empty(take, wait=1 << give.value)] * number
    head = System(Opcode.SYS, operation=Scalar.LOOP, immediate=b.rng.randint(1, 2))
    b.block.append(Repeat(head, body))


def _empty(unit: Unit, wait: int = 0, release: int = 0) -> Instruction:
    if unit is Unit.SYS:
        return System(Opcode.SYS, wait=wait, release=release)
    return System(Opcode.SYS, wait=wait, release=release, operation=Scalar.FENCE, target=unit)
