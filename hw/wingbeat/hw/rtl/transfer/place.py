"""Where a row of a matrix lies: its tile, its port, its lane's turn there, its row in the lane."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from wingbeat.hw.config import ACCUMULATOR_ROWS, AcceleratorConfig
from wingbeat.hw.isa.operands import TileRows

ROW_BITS = 24
"""Rows of a matrix, or positions of a cache."""

STRIDE_BITS = 24
"""Beats on a port from one tile to the next."""


def place_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Return the place of a row.

    `offset` is the first beat of its tile relative to the matrix, `port` the port that holds its
    lane, `slot` the lane's turn among the lanes of that port, `row` the row within the lane.
    """
    return data.StructLayout(
        {
            "offset": 32,
            "port": ceil_log2(config.ports),
            "slot": ceil_log2(config.lanes // config.ports),
            "row": range(ACCUMULATOR_ROWS),
        }
    )


def rows_of(tile_rows: Any) -> Any:
    """Return the number of rows that a `TileRows` field names."""
    return Array([member.rows for member in TileRows])[tile_rows.as_value()]


class Locator(wiring.Component):
    """Finds the place of a row: divides it by rows of a lane, lanes of a port, and ports.

    Three restoring divisions, a bit a cycle: 75 cycles from `start` to `done`. The tile's offset is
    multiplied up from the bits of the last quotient.

    Attributes
    ----------
    start : pulse; the other inputs must hold until `done`
    row : row of the matrix
    rows : rows of a tile in one lane
    stride : beats on a port from one tile to the next
    done : pulse, `place` is valid from now until the next start
    place : `place_layout(config)`
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._ports = config.ports
        self._lanes_per_port = config.lanes // config.ports
        super().__init__(
            {
                "start": In(1),
                "row": In(ROW_BITS),
                "rows": In(range(ACCUMULATOR_ROWS + 1)),
                "stride": In(STRIDE_BITS),
                "done": Out(1),
                "place": Out(place_layout(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """One divider, three divisors."""
        m = Module()
        place = self.place
        width = bits_for(max(ACCUMULATOR_ROWS, self._lanes_per_port, self._ports))
        quotient = Signal(ROW_BITS)
        remainder = Signal(width)
        divisor = Signal(width)
        digit = Signal(range(ROW_BITS))
        trial = Signal(width + 1)
        fits = Signal()
        left = Signal(width)
        m.d.comb += [
            trial.eq(Cat(quotient[-1], remainder)),
            fits.eq(trial >= divisor),
            left.eq(Mux(fits, trial - divisor, trial)),
        ]
        steps = (
            ("ROW", self.rows, place.row, "SLOT"),
            ("SLOT", self._lanes_per_port, place.slot, "PORT"),
            ("PORT", self._ports, place.port, "DONE"),
        )
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += quotient.eq(self.row)
                m.next = "ROW"
            for name, by, result, following in steps:
                with m.State(name):
                    m.d.comb += divisor.eq(by)
                    m.d.sync += [
                        quotient.eq(Cat(fits, quotient)),
                        remainder.eq(left),
                        digit.eq(digit + 1),
                        # of the three divisions only the last one's quotient is the tile
                        place.offset.eq((place.offset << 1) + Mux(fits, self.stride, 0)),
                    ]
                    with m.If(digit == ROW_BITS - 1):
                        m.d.sync += [digit.eq(0), remainder.eq(0), result.eq(left)]
                        if following != "DONE":
                            m.d.sync += place.offset.eq(0)
                        m.next = following
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        return m


def advance(
    m: Module, place: Any, config: AcceleratorConfig, step: int, rows: Any, stride: Any
) -> None:
    """Move a register that holds a place `step` rows on; `step` divides `rows`."""
    turns = (
        (place.row, rows, step),
        (place.slot, config.lanes // config.ports, 1),
        (place.port, config.ports, 1),
    )
    _carry(m, turns, place, stride)


def _carry(m: Module, turns: Any, place: Any, stride: Any) -> None:
    """Count the first wheel; where it is full, reset it and count the next."""
    if not turns:
        m.d.sync += place.offset.eq(place.offset + stride)
        return
    (wheel, size, step), *others = turns
    with m.If(wheel + step == size):
        m.d.sync += wheel.eq(0)
        _carry(m, others, place, stride)
    with m.Else():
        m.d.sync += wheel.eq(wheel + step)
