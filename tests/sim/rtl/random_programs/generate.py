"""Random cases: each hits a few goals of the coverage table, in between is anything."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.sim.rtl.random_programs import matrix, system, transfer, vector
from tests.sim.rtl.random_programs.builder import ARGUMENTS, Block, Builder, Repeat
from tests.sim.rtl.random_programs.case import Case
from tests.sim.rtl.random_programs.ending import ending
from tests.sim.rtl.random_programs.machines import TARGETS

from wingbeat.hw.isa.instructions import LOOP_DEPTH, Scalar
from wingbeat.sim.rtl.memory import Timing

Statement = Callable[..., None]
Aimed = tuple[Statement, dict[str, Any]]
"""A maker of statements, and what it is to make."""

STATEMENTS: Sequence[Statement] = (
    matrix.multiply, matrix.multiply, vector.vector, vector.vector, transfer.load, transfer.load,
    transfer.gather, transfer.store, transfer.append, transfer.word, system.arithmetic,
    system.arithmetic, system.peek,
)  # fmt: skip

BY_OPCODE: dict[str, Sequence[Statement]] = {
    "LD": (transfer.load, transfer.gather),
    "ST": (transfer.store, transfer.append, transfer.word),
    "MM": (matrix.multiply,),
    "MV": (matrix.multiply,),
    "MISC": (vector.vector,),
    "SYS": (system.peek,),
}

MOST = 8
"""Statements beside those for goals, at most."""


def generate(seed: str, target: str, goals: Sequence[Aimed]) -> Case:
    """Make a case from a seed; each goal is a maker of statements and what it is to make."""
    rng = random.Random(seed)
    b = Builder(TARGETS[target].config, rng)
    anything: list[Aimed] = [(rng.choice(STATEMENTS), {}) for _ in range(rng.randint(2, MOST))]
    statements = [*goals, *anything]
    rng.shuffle(statements)
    # the operand memory begins with something
    vector.vector(b, "quantise")
    while statements:
        taken = [statements.pop() for _ in range(min(len(statements), rng.choice((1, 1, 2, 3))))]
        body = _part(b, taken)
        if rng.random() < 0.25 and depth(body) < LOOP_DEPTH:
            system.repeat(b, body, rng.choice(("immediate", "register")), "several")
        else:
            b.block += body
    return Case(
        target=target,
        block=b.block,
        ending=ending(b),
        starts=tuple(_arguments(rng) for _ in range(rng.choice((1, 1, 1, 2)))),
        words=b.words,
        headers=b.headers,
        timing=_timing(rng),
        seed=seed,
    )


def depth(block: Block) -> int:
    """Loops that are inside of each other, at most."""
    return max((1 + depth(item.body) for item in block if isinstance(item, Repeat)), default=0)


def _part(b: Builder, statements: Sequence[Aimed]) -> Block:
    outside, b.block = b.block, []
    for make, goal in statements:
        make(b, **goal)
    body, b.block = b.block, outside
    return body


def loop(b: Builder, count: str, trips: str) -> None:
    """A loop around anything."""
    system.repeat(b, _anything(b), count, trips)


def operation(b: Builder, operation: str) -> None:
    """Any operation of the sequencer; a HALT every program has."""
    match Scalar[operation]:
        case Scalar.LOOP:
            nest(b)
        case Scalar.PEEK:
            system.peek(b)
        case Scalar.FENCE:
            system.tokens(b, *b.rng.sample(("LD", "ST", "MPE", "MISC"), 2))
        case Scalar.HALT:
            pass
        case _:
            system.arithmetic(b, operation)


def operand(b: Builder, opcode: str, source: str) -> None:
    """Instructions of a class; each of their operands has a register or not."""
    for _ in range(3):
        b.rng.choice(BY_OPCODE[opcode])(b, **({"opcode": opcode} if opcode in ("MV", "MM") else {}))


def nest(b: Builder) -> None:
    """The deepest loop around anything."""
    system.nest(b, _anything(b))


def _anything(b: Builder) -> Block:
    return _part(b, [(b.rng.choice(STATEMENTS), {}) for _ in range(b.rng.randint(1, 2))])


def _arguments(rng: random.Random) -> dict[str, int]:
    def value() -> int:
        return rng.choice((rng.getrandbits(32), rng.randrange(4), rng.randrange(64)))

    return {f"argument {register}": value() for register in ARGUMENTS}


def _timing(rng: random.Random) -> Timing:
    if rng.random() < 0.2:
        return Timing()
    return Timing(
        read_latency=rng.choice((1, 7, 40, 120)),
        write_latency=rng.choice((1, 7, 40)),
        rate=rng.choice((2.0, 1.0, 0.4)),
        refresh_interval=rng.choice((0, 97)),
        refresh_cycles=11,
        refresh_phase=rng.randrange(97),
        stall=rng.choice((0.0, 0.1, 0.5)),
        outstanding=rng.choice((1, 3, 16)),
        seed=rng.getrandbits(30),
    )
