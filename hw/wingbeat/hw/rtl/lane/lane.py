"""A lane of the matrix processing engine.

How the matrix controller works with it
---------------------------------------

All lanes go in step: the controller broadcasts `advance`, `step`, `operands`, `result`, `scalars`
to all lanes. Cycles are counted from a step at cycle t.

**Units.** `unit_ready` says that the unit register holds a unit (a group of 32 columns of a row
pair) in this cycle; it and `whole` come out of registers. `whole` is the same in all lanes: the
unit takes one step (N:16 with N at most 8) instead of two. If `twins`, a unit is two row pairs (N
at most 4, one vector), which share the slices; columns 0 and 1 add up one pair each. Units come in
the order group, row pair. `advance` in cycle t takes the unit away behind cycle t: cycle t + 1
shows the next one, if it is there. A step needs no valid bit: a step that has no result is
harmless. It must only be made while `unit_ready` is high.

**Steps.** MV: `half` 0, 1 (`whole`: 0 only), then advance. MM: for row 0, 1; for each vector
pair; for half 0, 1 (`whole`: 0 only); then advance. The two halves must be in consecutive cycles.
At cycle t the controller gives `step` and, for each column, `operands`: the group's 32 codes of
two vectors. Vector v of an instruction is taken in field v % 2 of column v // 2 % columns, in
vector pair v // (2 * columns). In MV, vector 0 of column 0 counts, and of column 1 for `twins`.

**Results.** At cycle t + RESULT_OFFSET of every step that completes a group (half 1, or `whole`),
the controller gives `result` with `valid`, and `scalars`: scale and sum of the same operands
(they are delayed once in the controller instead of in each lane). At other times `result.valid`
is 0. `result.address` is a running count: 0 for the first result pair of a tile, one more for
each result pair, and again 0 after every `strands` groups. `result.first` is high for the first
`strands` groups of a tile. Results for the same
address must be at least 8 cycles apart; without sparse formats, results must be 2 cycles apart.
(Legal instructions promise that for units that arrive from memory; units that wait in the lane
come faster, so the controller has to look after short tiles.)

**Drain.** `drain` empties a bank; it may be offered from SETTLE cycles after the bank's last
`result` on. It is taken when no other drain is in progress, so the bank is free for the next tile
when `drain.ready` is high again. Each column offers its vectors in ascending order, each as
tile_rows / 4 quads. A column that has no vector offers nothing.

**Tiles.** `tile` is taken once for each tile of the stream, before its first beat.

**Clocks.** The columns behind the first are in the domain `COLUMNS`, which may rest unless there
are MM steps or results or one of these columns drains; what drains is in `DRAINS`, which may rest
while no column does. Whoever holds the lanes makes both domains, for all of them.
"""

from __future__ import annotations

from typing import ClassVar

from amaranth.hdl import Cat, DomainRenamer, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.formats import TWIN_KEPT, WINDOW
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.assembler import Assembler
from wingbeat.hw.rtl.lane.column import DRAINS, Column
from wingbeat.hw.rtl.lane.commands import (
    OPERANDS,
    QUAD,
    SCALARS,
    STEP,
    TILE,
    Mode,
    drain_layout,
    result_layout,
)
from wingbeat.hw.rtl.lane.queues import connect, queue_depths
from wingbeat.hw.rtl.lane.scale_bank import SCALE
from wingbeat.hw.rtl.lane.splitter import Splitter
from wingbeat.hw.rtl.lane.unit_register import HALF, UnitRegister

COLUMNS = "columns"
"""The clock domain of all columns but the first."""

ON_ONE_CLOCK = DomainRenamer({COLUMNS: "sync", DRAINS: "sync"})
"""For a lane by itself: `ON_ONE_CLOCK(Lane(config))`."""


class Lane(wiring.Component):
    """One lane with its columns.

    Attributes
    ----------
    beats : In stream of 128 bits, the lane's part of the weight stream
    tile : In stream of `commands.TILE`
    fault : Out(1), one pulse: a sparse tile's N is not 2, 4, 8 or 16, or it is too long
    unit_ready, whole, twins : Out(1), the unit register
    advance : In(1), the unit register's content is used for the last time
    step : In of `commands.STEP`
    operands : In of `columns` x `commands.OPERANDS`
    result : In of `commands.result_layout`
    scalars : In of `columns` x `commands.SCALARS`
    drain : In stream of `commands.drain_layout`
    drains : Out(`columns`), the column drains, or begins to in this cycle
    quads : `columns` Out streams of `commands.QUAD`
    """

    RESULT_OFFSET: ClassVar[int] = Column.RESULT_OFFSET
    """Cycles from a step to its result."""
    SETTLE: ClassVar[int] = Column.SETTLE
    """Cycles from a result until a drain may be offered."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        columns = config.columns
        super().__init__(
            {
                "beats": In(stream.Signature(BEAT_BITS)),
                "tile": In(stream.Signature(TILE)),
                "fault": Out(1),
                "unit_ready": Out(1),
                "whole": Out(1),
                "twins": Out(1),
                "advance": In(1),
                "step": In(STEP),
                "operands": In(data.ArrayLayout(OPERANDS, columns)),
                "result": In(result_layout(config)),
                "scalars": In(data.ArrayLayout(SCALARS, columns)),
                "drain": In(stream.Signature(drain_layout(config))),
                "drains": Out(columns),
                "quads": Out(stream.Signature(QUAD)).array(columns),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Join the parts."""
        m = Module()
        config = self._config
        m.submodules.splitter = splitter = Splitter(config)
        m.submodules.assembler = assembler = Assembler(config)
        m.submodules.register = register = UnitRegister(config)
        wiring.connect(m, wiring.flipped(self.tile), splitter.tile)
        wiring.connect(m, wiring.flipped(self.beats), splitter.beats)
        wiring.connect(m, assembler.slots, register.slots)
        for name, depth in queue_depths(config).items():
            connect(m, getattr(splitter, name), getattr(assembler, name), depth, name)
        m.d.comb += [
            self.fault.eq(splitter.fault),
            self.unit_ready.eq(register.ready),
            self.whole.eq(register.unit.whole),
            self.twins.eq(register.unit.twins),
            register.advance.eq(self.advance),
        ]

        # what all columns share of a step
        half = Signal(HALF)
        unit, step = register.unit, self.step
        rows = Signal(data.ArrayLayout(SCALE, 2))  # scales of the fields
        m.d.comb += [
            half.eq(Mux(step.half, unit.halves[1].as_value(), unit.halves[0].as_value())),
            rows[0].eq(unit.scales[(step.mode == Mode.MM) & step.row]),
            rows[1].eq(unit.scales[(step.mode == Mode.MV) | step.row]),
        ]
        scales = [delay(m, rows, self.RESULT_OFFSET, name="scales")] * config.columns
        if config.twins:
            of_second = Signal.like(rows)
            m.d.comb += of_second.eq(Mux(unit.twins, Cat(unit.scales[2], unit.scales[3]), rows))
            scales[1] = delay(m, of_second, self.RESULT_OFFSET, name="second_scales")

        columns = [Column(config, number) for number in range(config.columns)]
        idle = Cat(column.drain.ready for column in columns).all()
        m.d.comb += self.drain.ready.eq(idle)
        for number, column in enumerate(columns):
            wiring.connect(m, column.quads, wiring.flipped(self.quads[number]))
            m.d.comb += [
                column.step.eq(step),
                column.operands.eq(self.operands[number]),
                column.codes.eq(half.codes),
                column.selects.eq(half.selects),
                column.whole.eq(unit.whole),
                column.scales.eq(scales[number]),
                column.result.eq(self.result),
                column.scalars.eq(self.scalars[number]),
                column.drain.payload.eq(self.drain.payload),
                column.drain.valid.eq(self.drain.valid & idle),
            ]
            drains = column.drain.valid | ~column.drain.ready | column.quads.valid
            if config.twins and number < 2:
                # of two row pairs in the slices, each of these columns adds one
                others = [k for k in range(WINDOW) if k // TWIN_KEPT % 2 != number]
                with m.If(unit.twins):
                    m.d.comb += [column.selects[k].used.eq(0) for k in others]
                if number:
                    wiring.connect(m, columns[0].neighbour, column.guest)
                    drains |= column.guest.active
            m.d.comb += self.drains[number].eq(drains)
            if number:
                self._silence(m, column, number)
            domain = COLUMNS if number else "sync"
            m.submodules[f"column_{number}"] = DomainRenamer(domain)(column)
        return m

    def _silence(self, m: Module, column: Column, number: int) -> None:
        """Keep results and drains from a column that one vector leaves nothing to do."""
        alone = self.result.mode != Mode.MM
        if self._config.twins and number == 1:
            alone &= ~self.result.twins
        with m.If(alone):
            m.d.comb += column.result.valid.eq(0)
        with m.If(self.drain.payload.mode != Mode.MM):
            m.d.comb += column.drain.valid.eq(0)
