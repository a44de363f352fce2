"""The three-level iteration of an instruction: outer index, inner index, step."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import C, Cat, Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.isa.instructions import Vector
from wingbeat.hw.rtl.command import BASE_BITS, resolved

COMMAND = resolved(Vector)

OUTER_BITS = 8
INNER_BITS = 7
STEP_BITS = 15
"""Bits of the steps of a row: 65535 + 254 elements, 4 a step."""
LENGTH_BITS = 17
"""Bits of the elements of a row: 65535 and, with `step`, 254 more."""


class RowIterator(wiring.Component):
    """Goes through all steps of all rows, for several views at once.

    Addresses are kept by addition of strides: a view has a register with the address of its
    present row, and one with the address of the first row of the present outer index.

    Parameters
    ----------
    views : number of views

    Attributes
    ----------
    start : In(1), begin with the first step of the first row; there must be one
    outer, inner, steps : In, counts, at least 1; stable from `start` on
    views : In, views of a command as they are in it (`scalar` is not looked at); stable
    advance : In(1), go on to the next step
    valid : Out(1), there is a present step
    step : Out, number of the present step in its row
    rows : Out, address of the present row in each view, in the unit of its strides
    last_step : Out(1), it is the last of its row
    last_inner : Out(1), its row is the last of its outer index
    last : Out(1), it is the last of all
    """

    def __init__(self, views: int) -> None:
        view = COMMAND["a"].shape
        super().__init__(
            {
                "start": In(1),
                "outer": In(OUTER_BITS),
                "inner": In(INNER_BITS),
                "steps": In(STEP_BITS),
                "views": In(data.ArrayLayout(view, views)),
                "advance": In(1),
                "valid": Out(1),
                "step": Out(STEP_BITS),
                "rows": Out(data.ArrayLayout(unsigned(BASE_BITS), views)),
                "last_step": Out(1),
                "last_inner": Out(1),
                "last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Count steps, in rows, in outer indices; add a stride where a count begins again."""
        m = Module()
        outer, inner = Signal(OUTER_BITS), Signal(INNER_BITS)
        starts = Signal.like(self.rows)
        m.d.comb += [
            self.last_step.eq(self.step + 1 == self.steps),
            self.last_inner.eq(inner + 1 == self.inner),
            self.last.eq(self.last_step & self.last_inner & (outer + 1 == self.outer)),
        ]
        views = [(self.views[i], self.rows[i], starts[i]) for i in range(len(self.rows))]
        with m.If(self.start):
            m.d.sync += [self.valid.eq(1), self.step.eq(0), inner.eq(0), outer.eq(0)]
            for view, row, first in views:
                m.d.sync += [row.eq(view.base), first.eq(view.base)]
        with m.Elif(self.advance):
            m.d.sync += self.step.eq(self.step + 1)
            with m.If(self.last_step):
                m.d.sync += [self.step.eq(0), inner.eq(inner + 1)]
                for view, row, _ in views:
                    m.d.sync += row.eq(row + view.inner)
                with m.If(self.last_inner):
                    m.d.sync += [inner.eq(0), outer.eq(outer + 1)]
                    for view, row, first in views:
                        m.d.sync += [row.eq(first + view.outer), first.eq(first + view.outer)]
            with m.If(self.last):
                m.d.sync += self.valid.eq(0)
        return m


def lanes_before(end: Any, step: Any, lanes: int) -> Any:
    """Return a bit for each lane: whether its element of step `step` lies before element `end`."""
    digits = ceil_log2(lanes)
    whole, rest = end[digits:], end[:digits]
    part = Cat(rest > lane for lane in range(lanes - 1))  # `rest` is below `lanes`
    # every lane in the steps before the one in which the row ends, none behind it
    before = (step < whole).replicate(lanes)
    return before | (part & (step == whole).replicate(lanes))


def steps_of(elements: Any, per_step: int) -> Any:
    """Return how many steps hold that many elements."""
    digits = ceil_log2(per_step)
    return (elements + C(per_step - 1, digits))[digits:]
