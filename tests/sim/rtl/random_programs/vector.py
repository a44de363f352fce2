"""Random instructions of the vector machine."""

from __future__ import annotations

import dataclasses

from tests.sim.rtl.random_programs.builder import Builder
from tests.sim.rtl.random_programs.machines import GROUPS

from wingbeat.hw.formats import GROUP
from wingbeat.hw.isa.instructions import Combine, Destination, Function, Opcode, Reduce, Vector
from wingbeat.hw.isa.operands import Count, GroupSize, SmallCount, VectorView

RESULTS = ("map", "sum", "max", "argmax", "quantise")

GROUP_SIZES = ("32", "64", "128", "256")

_LONGEST = 140
"""Elements of a row, at most; the reduction has 128 partial results."""


def vector(
    b: Builder,
    result: str | None = None,
    edge: str = "",
    view: str = "",
    first: str | None = None,
    function: str | None = None,
    second: str | None = None,
    group: str | None = None,
) -> None:
    """A row-wise operation on what the program has computed, in place or from elsewhere."""
    rng = b.rng
    result = b.some(("quantise",) if group else RESULTS, result)
    size = GroupSize.of(int(b.some(GROUP_SIZES, group)))
    outer, inner, length, step = _shape(b, result, edge, view, size.elements)
    longest = length + max(outer - 1, 0) * step
    combines = [combine.name for combine in Combine]
    scalar = view == "scalar destination" or rng.random() < 0.3
    destination, avoid = _destination(b, result, outer, inner, longest, size.elements, scalar)
    sources = {name: b.vector(outer, inner, longest, avoid)[0] for name in "abc"}
    for name in sources:
        if view == f"scalar {name}" or rng.random() < 0.15:
            sources[name] = dataclasses.replace(sources[name], scalar=1)
    if result == "map" and (view == "in place" or rng.random() < 0.3):
        sources["a" if view == "in place" else rng.choice("abc")] = destination
    b.emit(
        Vector(
            Opcode.MISC,
            first=Combine[b.some(combines[view == "scalar b" :], first)],
            function=Function[b.some([each.name for each in Function], function)],
            second=Combine[b.some(combines[view == "scalar c" :], second)],
            reduce=Reduce.NONE if result in ("map", "quantise") else Reduce[result.upper()],
            target=Destination.OPERAND if result == "quantise" else Destination.VECTOR,
            group=size,
            outer=SmallCount(*b.affine(outer)),
            inner=inner,
            length=Count(*b.affine(length)),
            step=step,
            destination=destination,
            a=sources["a"],
            b=sources["b"],
            c=sources["c"],
        )
    )


def _destination(
    b: Builder, result: str, outer: int, inner: int, length: int, group: int, scalar: bool
) -> tuple[VectorView, range]:
    """Where results go, and the granules that no source may share with them."""
    if result == "quantise":
        groups = -(-length // group) * group // GROUP
        return VectorView(*b.entries(outer, inner, groups, apart=True)), range(0)
    if result == "argmax":
        return b.indices(outer, inner), range(0)
    if result == "map":
        return b.vector(outer, inner, length, apart=True)
    shape = (outer, inner, 1) if scalar else (outer, 1, inner)
    view, used = b.vector(*shape, apart=True)
    return dataclasses.replace(view, scalar=int(scalar)), used


def _shape(b: Builder, result: str, edge: str, view: str, group: int) -> tuple[int, int, int, int]:
    """Outer and inner rows, elements of the first, and whether rows grow."""
    rng, lanes = b.rng, b.config.vector_lanes
    lengths = {
        "no element": 0,
        "one element": 1,
        "a step less one": lanes - 1,
        "a step": lanes,
        "a step and one": lanes + 1,
        "more than the partial results": rng.randint(129, _LONGEST),
        "a group": group,
        "a group and one": group + 1,
    }
    length = lengths.get(edge, rng.choice((1, 2, 3, 31, 32, 33, rng.randint(1, 80))))
    step = int(edge == "growing rows" or (result != "map" and not edge and rng.random() < 0.3))
    long = length > 80
    outer = {"no row": 0, "one row": 1, "growing rows": rng.randint(2, 3)}.get(
        edge, 1 if long else rng.randint(1, 3)
    )
    inner = rng.randint(2, 3) if view == "several inner rows" else rng.randint(1, 1 if long else 3)
    if result == "quantise":
        row = -(-(length + 2) // group) * group // GROUP + 1
        inner = min(inner, max(1, GROUPS // row // max(outer, 1)))
    return outer, inner, length, step
