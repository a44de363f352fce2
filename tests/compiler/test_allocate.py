import re

import pytest
from hypothesis import given, settings
from tests.compiler import small
from tests.compiler.bodies import Body, bodies, unrolled

from wingbeat.compiler.allocate import allocate, lifetimes
from wingbeat.compiler.lower.code import Buffer, Loop, Step
from wingbeat.hw.errors import CompileError
from wingbeat.hw.isa.footprint import Space
from wingbeat.hw.isa.instructions import Opcode, Vector

ROOM = {Space.VECTOR: 256, Space.OPERAND: 256}
"""What `small.CONFIG` has."""


def step(*reads: Buffer, write: Buffer | None = None) -> Step:
    views = {name: buffer for name, buffer in zip("abc", reads, strict=False)}
    if write is not None:
        views["destination"] = write
    return Step(Vector(Opcode.MISC), "step", views)


def vector(name: str, size: int) -> Buffer:
    return Buffer(name, Space.VECTOR, 1, size)


@settings(max_examples=80, deadline=None)
@given(bodies())
def test_what_a_buffer_holds_stays_until_it_is_read(body: Body) -> None:
    places = allocate(body, small.CONFIG)
    for trips in (1, 2, 3):
        cells: dict[tuple[Space, int], Buffer] = {}
        for item in unrolled(body, trips):
            for buffer, written in sorted(item.touched(), key=lambda touch: touch[1]):
                where = range(places[buffer], places[buffer] + buffer.size)
                for cell in where:
                    if written:
                        cells[buffer.space, cell] = buffer
                    assert cells[buffer.space, cell] is buffer
                assert where.start >= 0 and where.stop <= ROOM[buffer.space]


@settings(max_examples=50, deadline=None)
@given(bodies())
def test_a_step_never_writes_over_its_own_sources(body: Body) -> None:
    places = allocate(body, small.CONFIG)
    for item in unrolled(body, 1):
        touched = [buffer for buffer, _ in item.touched()]
        for one in touched:
            for other in touched:
                if one is not other and one.space is other.space:
                    ends = places[one] + one.size, places[other] + other.size
                    assert ends[0] <= places[other] or ends[1] <= places[one]


def test_buffers_that_never_meet_share_their_place() -> None:
    a, b, c = vector("a", 200), vector("b", 200), vector("c", 50)
    places = allocate([step(write=a), step(a, write=c), step(c, write=b), step(b)], small.CONFIG)
    assert (places[a], places[b], places[c]) == (0, 0, 200)


def test_the_memories_are_apart() -> None:
    a, b = vector("a", 256), Buffer("b", Space.OPERAND, 2, 128)
    assert set(allocate([step(a, write=b)], small.CONFIG).values()) == {0}


def test_a_buffer_used_outside_of_a_loop_lives_as_long_as_the_loop() -> None:
    a, b = vector("a", 8), vector("b", 8)
    inside: Body = [step(a), step(write=b), step(b)]
    life = lifetimes([step(write=a), Loop(4, inside)])
    assert (life[a].first, life[a].last) == (0, 3)
    assert (life[b].first, life[b].last) == (2, 3)


def test_a_hole_that_fits_is_taken() -> None:
    a, b, c, d = vector("a", 100), vector("b", 90), vector("c", 60), vector("d", 95)
    body: Body = [
        step(write=a),
        step(a, write=b),
        step(b, write=c),
        step(b, c, write=d),
        step(b, d),
    ]
    places = allocate(body, small.CONFIG)
    assert (places[a], places[d], places[b], places[c]) == (0, 0, 100, 190)


def test_a_memory_that_is_too_small_is_named_with_its_size() -> None:
    a, b = vector("large", 200), vector("small", 57)
    sentence = "vector memory must have room for `small` (257 vector words), not 256: shorten the"
    with pytest.raises(CompileError, match=re.escape(sentence)):
        allocate([step(a, write=b)], small.CONFIG)
    operands = Buffer("codes", Space.OPERAND, 257, 1)
    sentence = (
        "operand memory must have room for `codes` (257 groups), not 256: shorten the context"
    )
    with pytest.raises(CompileError, match=re.escape(sentence)):
        allocate([step(write=operands)], small.CONFIG)


def test_the_same_program_every_time() -> None:
    a, b = vector("a", 10), vector("b", 10)
    for order in ((a, b), (b, a)):
        places = allocate([step(*order)], small.CONFIG)
        assert (places[a], places[b]) == (0, 10)
