from collections import deque
from typing import Any

from hypothesis import given, settings
from tests.compiler import small
from tests.compiler.bodies import Body, bodies, unrolled, without_views

from wingbeat.compiler.allocate import allocate
from wingbeat.compiler.assemble import assemble
from wingbeat.compiler.lower.code import Buffer, Loop, Step
from wingbeat.compiler.synchronise import Synchroniser
from wingbeat.hw.isa.footprint import Space
from wingbeat.hw.isa.instructions import (
    Load,
    Multiply,
    Opcode,
    Scalar,
    Store,
    System,
    Unit,
    Vector,
)
from wingbeat.hw.isa.program import Program
from wingbeat.hw.verify import counters
from wingbeat.hw.verify.loops import structure


def synchronised(body: Body) -> tuple[Body, Any]:
    places = allocate(body, small.CONFIG)
    return Synchroniser(body, places).run(body), places


def before(steps: list[Step]) -> list[int]:
    """For each step, the steps that are surely over when it begins, as a mask of bits."""
    queues: dict[tuple[Unit, Unit], deque[int]] = {}
    over = dict.fromkeys(Unit, 0)
    dispatched = 0
    found = []
    for index, step in enumerate(steps):
        unit = step.instruction.unit
        known = over[unit] | dispatched
        for source in counters.units(step.instruction.wait):
            known |= queues[source, unit].popleft()
        found.append(known)
        over[unit] = known | 1 << index
        for target in counters.units(step.instruction.release):
            queues.setdefault((unit, target), deque()).append(over[unit])
        if unit is Unit.SYS:
            dispatched |= over[unit]
    assert not any(queues.values())
    return found


def conflict(one: Step, other: Step, places: Any) -> bool:
    for a, written in one.touched():
        for b, writes in other.touched():
            apart = places[a] + a.size <= places[b] or places[b] + b.size <= places[a]
            if a.space is b.space and (written or writes) and not apart:
                return True
    changed = set(one.writes) & {*other.reads, *other.writes}
    return bool(changed or set(one.reads) & set(other.writes))


@settings(max_examples=80, deadline=None)
@given(bodies())
def test_conflicting_steps_of_different_units_are_ordered(body: Body) -> None:
    ordered, places = synchronised(body)
    for trips in (0, 1, 2):
        steps = list(unrolled(ordered, trips))
        known = before(steps)
        for late, step in enumerate(steps):
            for early in range(late):
                if conflict(steps[early], step, places):
                    assert known[late] >> early & 1, (early, late)


@settings(max_examples=100, deadline=None)
@given(bodies())
def test_the_verifier_finds_the_tokens_balanced(body: Body) -> None:
    ordered, _ = synchronised(body)
    halt = Step(System(Opcode.SYS, operation=Scalar.HALT), "end")
    program = Program(assemble(without_views([*ordered, halt]), {}).instructions)
    counters.peaks(program, structure(program))


@settings(max_examples=50, deadline=None)
@given(bodies())
def test_nothing_but_tokens_and_fences_is_added(body: Body) -> None:
    ordered, _ = synchronised(body)
    kept = [step.views for step in unrolled(ordered, 2) if step.what != "order"]
    assert kept == [step.views for step in unrolled(body, 2)]
    for step in unrolled(ordered, 1):
        if step.what == "order":
            assert isinstance(step.instruction, System)
            assert step.instruction.wait or step.instruction.release
            assert not step.views


def vector(name: str) -> Buffer:
    return Buffer(name, Space.VECTOR, 1, 8)


def tokens(body: Body) -> list[tuple[int, int]]:
    ordered, _ = synchronised(body)
    return [(s.instruction.wait, s.instruction.release) for s in unrolled(ordered, 1)]


def test_a_reader_waits_for_the_writer() -> None:
    a = vector("a")
    load = Step(Load(Opcode.LD), "load", {"destination": a})
    use = Step(Vector(Opcode.MISC), "use", {"a": a})
    found = tokens([load, use])
    assert found[0][1] >> Unit.MISC.value & 1
    assert found[1][0] >> Unit.LD.value & 1


def test_steps_that_share_nothing_take_no_tokens() -> None:
    a, b = vector("a"), vector("b")
    body: Body = [
        Step(Load(Opcode.LD), "load", {"destination": a}),
        Step(Multiply(Opcode.MV), "use", {"destination": b}),
    ]
    for place, none in ((8, True), (7, False)):
        steps = Synchroniser(body, {a: 0, b: place}).run(body)
        assert all(not step.instruction.wait for step in unrolled(steps, 1)) is none


def test_rows_of_a_buffer_are_ordered_by_themselves() -> None:
    a = Buffer("a", Space.VECTOR, 4, 8)
    write = Step(Vector(Opcode.MISC), "write", {"destination": a}, rows={"destination": range(2)})
    for rows, none in ((range(2, 4), True), (range(1, 3), False)):
        read = Step(Store(Opcode.ST), "read", {"vector": a}, rows={"vector": rows})
        ordered = Synchroniser([write, read], {a: 0}).run([write, read])
        assert all(not step.instruction.wait for step in unrolled(ordered, 1)) is none


def test_readers_need_no_order() -> None:
    kinds = Vector(Opcode.MISC), Store(Opcode.ST)
    assert tokens([Step(kind, "read", reads=("x",)) for kind in kinds]) == [(0, 0), (0, 0)]


def test_what_reaches_across_a_loop_is_settled_by_a_fence() -> None:
    a = vector("a")
    body: Body = [
        Step(Load(Opcode.LD), "load", {"destination": a}),
        Loop(3, [Step(Vector(Opcode.MISC), "use", {"a": a})]),
    ]
    ordered, _ = synchronised(body)
    fence = ordered[1]
    assert isinstance(fence, Step) and isinstance(fence.instruction, System)
    assert fence.instruction.operation is Scalar.FENCE
    assert fence.instruction.target is Unit.MISC
    assert fence.instruction.wait == 1 << Unit.LD.value


def test_the_sequencer_waits_where_it_reads_and_nowhere_else() -> None:
    a = vector("a")
    write = Step(Vector(Opcode.MISC), "write", {"destination": a})
    peek = Step(System(Opcode.SYS, operation=Scalar.PEEK, destination=1), "peek", {"vector": a})
    body: Body = [write, Loop(3, [Step(Vector(Opcode.MISC), "read", {"a": a})]), peek]
    ordered, _ = synchronised(body)
    steps = list(unrolled(ordered, 2))
    waiting = [s for s in steps if s.instruction.unit is Unit.SYS and s.instruction.wait]
    assert len(waiting) == 1
    assert steps.index(waiting[0]) == len(steps) - 2
