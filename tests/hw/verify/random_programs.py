"""Random programs: most of them almost sound, many of them sound.

A generator takes any `random.Random`; hypothesis brings one that it can shrink.
"""

import random
from collections.abc import Callable, Sequence

from tests.hw.verify.programs import (
    add,
    fence,
    load,
    loop,
    misc,
    mm,
    mv,
    program,
    store,
    sys,
)

from wingbeat.hw.isa.instructions import (
    Combine,
    Destination,
    Instruction,
    Reduce,
    Scalar,
    StoreKind,
    Unit,
)
from wingbeat.hw.isa.operands import Address, Count, OperandView, SmallCount, VectorView
from wingbeat.hw.isa.program import Argument, Program

REGISTERS = 6
CONSTANTS = (0, 1, 2, 3, 7, 31, 32, 64, 200, 2**31, 2**32 - 2, 2**32 - 1)
OPERATIONS = tuple(Scalar)[: Scalar.LOOP.value]
UNITS = (Unit.LD, Unit.ST, Unit.MPE, Unit.MISC)

Block = list[Instruction]


def random_program(rng: random.Random) -> Program:
    """A program with up to three arguments."""
    arguments = []
    for register in range(1, 1 + rng.randrange(4)):
        low = rng.choice(CONSTANTS[:8])
        high = low + rng.choice(CONSTANTS[:8])
        arguments.append(Argument(f"argument {register}", register, low, high, ""))
    return program(*_block(rng, 0, 8), arguments=tuple(arguments))


def _block(rng: random.Random, depth: int, most: int) -> Block:
    block: Block = []
    for _ in range(rng.randrange(1, most + 1)):
        block += rng.choice(STATEMENTS)(rng, depth)
    return block


def _register(rng: random.Random) -> int:
    return rng.randrange(REGISTERS + 1)


def _scalar(rng: random.Random, depth: int) -> Block:
    operation, immediate = rng.choice(OPERATIONS), rng.choice(CONSTANTS)
    target, a, b = _register(rng), _register(rng), _register(rng)
    return [sys(operation, target, a, b, immediate=immediate)]


def _pointer(rng: random.Random, depth: int) -> Block:
    register = _register(rng)
    return [add(register, register, rng.choice(CONSTANTS))]


def _clamp(rng: random.Random, depth: int) -> Block:
    """Advance a register by another one and bound it."""
    register, step = _register(rng), _register(rng)
    bound = sys(
        rng.choice((Scalar.MIN, Scalar.AND)), register, register, immediate=rng.choice((7, 63))
    )
    return [add(register, register, 0, b=step), bound]


def _peek(rng: random.Random, depth: int) -> Block:
    return [sys(Scalar.PEEK, _register(rng), vector=VectorView(rng.randrange(256)))]


def _loop(rng: random.Random, depth: int) -> Block:
    if depth == 3:
        return _scalar(rng, depth)
    register = rng.choice((0, _register(rng)))
    clamp = [sys(Scalar.MIN, register, register, immediate=rng.randrange(4))] if register else []
    times = 0 if register else rng.randrange(4)
    return [*clamp, *loop(_block(rng, depth + 1, 4), times, register)]


def _tokens(rng: random.Random, depth: int) -> Block:
    """Tokens that are given and taken in any order, each given first but for rare mistakes."""
    pairs = [rng.sample(UNITS, 2) for _ in range(1 + rng.randrange(3))]
    order = [index for index in range(len(pairs)) for _ in range(2)]
    rng.shuffle(order)
    block: Block = []
    given: set[int] = set()
    for index in order:
        source, target = pairs[index]
        give, take = fence(source, release=(target,)), fence(target, wait=(source,))
        block.append(take if index in given or rng.randrange(30) == 0 else give)
        given.add(index)
        if depth < 3 and rng.randrange(3) == 0:
            block += _block(rng, depth + 1, 2)
    return block


def _ahead(rng: random.Random, depth: int) -> Block:
    """A loop in which one unit runs an iteration ahead of another."""
    source, target = rng.sample(UNITS, 2)
    give, take = fence(source, release=(target,)), fence(target, wait=(source,))
    body = [give, *(_block(rng, depth + 1, 2) if depth < 3 else []), take]
    register = _register(rng)
    clamp = sys(Scalar.MIN, register, register, immediate=rng.randrange(4))
    return [give, clamp, *loop(body, register=register), take]


def _work(rng: random.Random, depth: int) -> Block:
    """An instruction whose place depends on a register, most often a bounded one."""
    register = _register(rng)
    clamp = [sys(Scalar.MIN, register, register, immediate=rng.choice((7, 63)))]
    return [*(clamp if rng.randrange(4) else []), rng.choice(WORK)(rng, register)]


def _misc(rng: random.Random, register: int) -> Instruction:
    quantises = rng.randrange(3) == 0
    return misc(
        outer=SmallCount(rng.randrange(3)),
        length=Count(rng.randrange(20), register),
        reduce=Reduce.NONE if quantises else rng.choice(list(Reduce)),
        target=Destination.OPERAND if quantises else Destination.VECTOR,
        first=rng.choice(list(Combine)),
        a=VectorView(rng.randrange(240), register, outer=rng.randrange(4)),
        b=VectorView(rng.randrange(240), scalar=1),
        destination=VectorView(rng.randrange(200), register, outer=rng.randrange(4)),
    )


def _load(rng: random.Random, register: int) -> Instruction:
    return load(
        address=Address(0x2000 + rng.randrange(0x100), register),
        length=Count(rng.randrange(64), rng.choice((0, register))),
        destination=VectorView(rng.randrange(256)),
    )


def _store(rng: random.Random, register: int) -> Instruction:
    kind = rng.choice((StoreKind.VECTOR, StoreKind.WORD, StoreKind.PUBLISH, StoreKind.KEYS))
    cached = kind is StoreKind.KEYS
    return store(
        kind=kind,
        address=Address(
            0x1200 if cached else 0x1600 + rng.randrange(0x100), 0 if cached else register
        ),
        list=Address(0x1600 * 4 + rng.randrange(0x400), register),
        length=Count(64),
        position=register,
    )


def _multiply(rng: random.Random, register: int) -> Instruction:
    return rng.choice((mv, mm))(
        address=Address(rng.randrange(0x1200), register),
        tiles=Count(rng.randrange(3)),
        operand=OperandView(rng.randrange(256), register),
        destination=VectorView(rng.randrange(256)),
    )


WORK: Sequence[Callable[[random.Random, int], Instruction]] = (_misc, _load, _store, _multiply)
STATEMENTS: Sequence[Callable[[random.Random, int], Block]] = (
    _scalar,
    _pointer,
    _clamp,
    _peek,
    _loop,
    _loop,
    _tokens,
    _ahead,
    _work,
    _work,
)
