"""The quadratic polynomial of a table's segment."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.arithmetic.functions import SEGMENTS, table
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.adder import Adder
from wingbeat.hw.rtl.fp32.format import WIDTH
from wingbeat.hw.rtl.fp32.multiplier import Multiplier

TABLES = ("exp2", "reciprocal", "rsqrt_even", "rsqrt_odd", "sine")
"""The tables of `arithmetic.functions` in the order of the ROMs, `SEGMENTS` rows each."""

ROW_BITS = ceil_log2(len(TABLES) * SEGMENTS)

READ = 2
"""Cycles of a ROM: the block's own register and one behind it, without which it is slow."""


class Polynomial(wiring.Component):
    """`c0 + r * (c1 + r * c2)`, every product and sum rounded.

    Each coefficient has a ROM of its own, whose address travels along until it is wanted: that is
    a third of the registers that the coefficient would need.

    Attributes
    ----------
    row : In(10), table * `SEGMENTS` + segment
    r : In(32), distance from the segment's start, `READ` cycles later than `row`
    value : Out(32), `LATENCY` cycles later than `row`
    """

    _STEP = Multiplier.LATENCY + Adder.LATENCY
    LATENCY = READ + 2 * _STEP

    def __init__(self) -> None:
        super().__init__({"row": In(ROW_BITS), "r": In(WIDTH), "value": Out(WIDTH)})

    def elaborate(self, platform: object) -> Module:
        """Horner's scheme, a multiplier and an adder for each coefficient but the highest."""
        m = Module()
        value = _coefficient(m, self.row, 2)
        row, r = self.row, self.r
        for order, row_wait, r_wait in ((1, Multiplier.LATENCY, 0), (0, self._STEP, self._STEP)):
            m.submodules[f"multiplier_{order}"] = multiplier = Multiplier()
            m.submodules[f"adder_{order}"] = adder = Adder()
            row = delay(m, row, row_wait, name=f"row_{order}")
            r = delay(m, r, r_wait, name=f"r_{order}")
            m.d.comb += [
                multiplier.a.eq(value),
                multiplier.b.eq(r),
                adder.a.eq(multiplier.product),
                adder.b.eq(_coefficient(m, row, order)),
            ]
            value = adder.sum
        m.d.comb += self.value.eq(value)
        return m


def _coefficient(m: Module, row: Any, order: int) -> Any:
    """Return the coefficient of `r**order` in a row, `READ` cycles later."""
    init = [int(c) for name in TABLES for c in table(name)[:, order].view("uint32")]
    m.submodules[f"rom_{order}"] = rom = Memory(shape=unsigned(WIDTH), depth=len(init), init=init)
    port = rom.read_port()
    m.d.comb += port.addr.eq(row)
    return delay(m, port.data, READ - 1, name=f"c{order}")
