"""Random programs of steps and loops, and the same unrolled."""

import dataclasses
from collections.abc import Iterator

from hypothesis import strategies as st

from wingbeat.compiler.lower.code import Buffer, Loop, Step
from wingbeat.hw.isa.footprint import Space
from wingbeat.hw.isa.instructions import Instruction, Load, Multiply, Opcode, Store, System, Vector

KINDS: tuple[Instruction, ...] = (
    Load(Opcode.LD),
    Store(Opcode.ST),
    Multiply(Opcode.MV),
    Vector(Opcode.MISC),
    System(Opcode.SYS),
)
LABELS = ("tokens", "logits")

Body = list[Step | Loop]


@st.composite
def bodies(draw: st.DrawFn, most: int = 14) -> Body:
    """Up to `most` steps in loops; the first use of each buffer writes it."""
    buffers = [
        Buffer(f"b{i}", draw(st.sampled_from([Space.VECTOR, Space.OPERAND])), 1, size)
        for i, size in enumerate(draw(st.lists(st.integers(1, 9), min_size=2, max_size=6)))
    ]
    written: list[Buffer] = []

    def step() -> Step:
        buffer = draw(st.sampled_from(buffers))
        views = {}
        if buffer not in written or draw(st.booleans()):
            views["destination"] = buffer
        sources = [b for b in written if b is not buffer]
        second = draw(st.sampled_from([None, *sources]))
        if second is not None:
            views["a"] = second
        if not views:
            views["b"] = buffer
        if "destination" in views and buffer not in written:
            written.append(buffer)
        labels = {
            name: tuple(label for label in LABELS if draw(st.integers(0, 4)) == 0)
            for name in ("reads", "writes")
        }
        kind = draw(st.sampled_from(KINDS))
        return Step(kind, "step", views, labels["reads"], labels["writes"])

    def body(count: int, depth: int) -> Body:
        items: Body = []
        while count:
            if depth < 3 and draw(st.integers(0, 3)) == 0:
                inner = draw(st.integers(1, count))
                items.append(Loop(2, body(inner, depth + 1)))
                count -= inner
            else:
                items.append(step())
                count -= 1
        return items

    return body(draw(st.integers(1, most)), 0)


def unrolled(body: Body, trips: int) -> Iterator[Step]:
    """Every step as often as it runs if each loop has so many trips."""
    for item in body:
        if isinstance(item, Step):
            yield item
        else:
            for _ in range(trips):
                yield from unrolled(item.body, trips)


def without_views(body: Body) -> Body:
    """The same program with no operands, so that any instruction can stand for a step."""
    return [
        dataclasses.replace(item, views={})
        if isinstance(item, Step)
        else Loop(item.count, without_views(item.body))
        for item in body
    ]
