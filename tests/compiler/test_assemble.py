from hypothesis import given, settings
from tests.compiler.bodies import Body, bodies, without_views

from wingbeat.compiler.assemble import assemble
from wingbeat.compiler.lower.code import Buffer, Code, Loop, Ref, Step
from wingbeat.compiler.lower.registers import R
from wingbeat.hw.isa.footprint import Space
from wingbeat.hw.isa.instructions import Load, Opcode, Scalar, Store, System, Vector


def steps(body: Body) -> int:
    return sum(1 if isinstance(item, Step) else 1 + steps(item.body) for item in body)


def test_loops_count_the_instructions_they_repeat() -> None:
    nothing = Step(System(Opcode.SYS), "nothing")
    body: Body = [Loop(R.TOKENS, [nothing, Loop(5, [nothing, nothing])]), nothing]
    found = assemble(body, {})
    assert found.purposes == ("loop", "nothing", "loop", "nothing", "nothing", "nothing")
    outer, inner = found.instructions[0], found.instructions[2]
    assert isinstance(outer, System) and isinstance(inner, System)
    assert (outer.operation, outer.a, outer.immediate, outer.length) == (Scalar.LOOP, 7, 0, 4)
    assert (inner.operation, inner.a, inner.immediate, inner.length) == (Scalar.LOOP, 0, 5, 2)


def test_views_are_moved_to_their_buffers() -> None:
    code = Code()
    a, b = Buffer("a", Space.VECTOR, 2, 3), Buffer("b", Space.OPERAND, 2, 4)
    code.emit(Load(Opcode.LD), "load", {"destination": Ref(a, 5, R.PART, outer=9)})
    code.emit(Store(Opcode.ST), "store", {"vector": Ref(a, 1), "operand": Ref(b, 2, inner=7)})
    code.misc("both", Ref(b), Ref(a, scalar=True))
    load, store, both = assemble(code.body, {a: 100, b: 40}).instructions
    assert isinstance(load, Load) and isinstance(store, Store) and isinstance(both, Vector)
    view = load.destination
    assert (view.base, view.register, view.outer, view.inner) == (105, R.PART, 9, 0)
    assert (store.vector.base, store.vector.outer) == (101, 3)
    assert (store.operand.base, store.operand.outer, store.operand.inner) == (42, 4, 7)
    assert (both.destination.base, both.a.base, both.a.scalar) == (40, 100, 1)


@settings(max_examples=50, deadline=None)
@given(bodies())
def test_every_step_and_every_loop_is_one_instruction(body: Body) -> None:
    found = assemble(without_views(body), {})
    assert len(found.instructions) == len(found.purposes) == steps(body)
