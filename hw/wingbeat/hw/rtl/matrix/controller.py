"""Orders the steps of the chains: tile, group, row pair, then rows and vectors.

Two stages, so that operands are there when the lanes are:

    walk    counts through the multiplication and reads the operands of the next step
    issue   makes it when every lane has its unit: half 0, then half 1 unless the unit is whole; of
            one vector, the same for a second row pair unless the unit is twins

Steps of the next multiplication follow those of the last without a gap. A tile's first step waits
until a bank of accumulators is free; its last one sends the bank to be drained.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Opcode
from wingbeat.hw.isa.operands import TileRows
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.commands import STEP, Mode, drain_layout, result_layout
from wingbeat.hw.rtl.matrix.operand_buffer import COUNT_BITS, steps_of

WORK = data.StructLayout(
    {
        "opcode": Opcode,
        "tile_rows": TileRows,
        "strands": 2,
        "tiles": COUNT_BITS,
        "groups": COUNT_BITS,
        "vectors": 8,
    }
)
"""A multiplication with at least one tile, group and vector."""

BANKS = 2


class Controller(wiring.Component):
    """Steps for all lanes.

    Parameters
    ----------
    config : the machine
    result_offset, settle : cycles of a lane, from a step to its result, and from a bank's last
        result until it can be drained

    Attributes
    ----------
    work : stream of multiplications
    operands_ready, operands_release, fetch, fetch_step : control of the operand buffer; where
        `fetch` is high, it reads the vectors of `fetch_step`
    unit_ready, whole, twins : In, from the lanes
    advance, step, result : Out, to the lanes; `result` comes `result_offset` cycles behind its step
    drain : stream of banks to drain
    drained : In(1), pulse: a bank is empty
    """

    def __init__(self, config: AcceleratorConfig, result_offset: int, settle: int) -> None:
        self._config = config
        self._result_offset = result_offset
        self._settle = settle
        super().__init__(
            {
                "work": In(stream.Signature(WORK)),
                "operands_ready": In(1),
                "operands_release": Out(1),
                "fetch": Out(1),
                "fetch_step": Out(range(steps_of(config))),
                "unit_ready": In(1),
                "whole": In(1),
                "twins": In(1),
                "advance": Out(1),
                "step": Out(STEP),
                "result": Out(result_layout(config)),
                "drain": Out(stream.Signature(drain_layout(config))),
                "drained": In(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """The record of a step passes from `walk` to `issue`."""
        m = Module()
        record = data.StructLayout(
            {
                "step": STEP,
                "first": 1,  # of the strand
                "restart": 1,  # of the accumulators' addresses
                "tile_first": 1,
                "tile_last": 1,
                "unit_last": 1,
                "drain": drain_layout(self._config),
            }
        )
        following, taken = Signal(record), Signal()
        available = self._walk(m, following, taken)
        self._issue(m, following, available, taken)
        return m

    def _walk(self, m: Module, following: Any, taken: Signal) -> Signal:
        """Describe the next step; return whether there is one."""
        width = 2 * self._config.columns
        work, active, bank = Signal(WORK, reset_less=True), Signal(), Signal()
        tile, group = Signal(COUNT_BITS), Signal(COUNT_BITS)
        pair, row = Signal(3), Signal()
        vectors = Signal(range(steps_of(self._config)))
        covered = Signal(range(self._config.tokens + 2 * width), init=width)

        mv = work.opcode == Opcode.MV
        mode = Mux(mv, Mode.MV, Mode.MM)
        strands = Signal(4)
        strand = Signal(3)
        m.d.comb += strands.eq(1 << work.strands)
        last_vectors = Signal()
        last_row, last_pair, last_group, last_tile = (Signal(name=f"last_{n}") for n in
                                                      ("row", "pair", "group", "tile"))  # fmt: skip
        m.d.comb += [
            last_vectors.eq(covered >= work.vectors),
            last_row.eq(last_vectors & (row | mv)),
            last_pair.eq(last_row & ((pair | mv) == (work.tile_rows.as_value() << 1) + 1)),
            last_group.eq(last_pair & (group == work.groups - 1)),
            last_tile.eq(last_group & (tile == work.tiles - 1)),
        ]
        start = (pair == 0) & ~row & (vectors == 0)
        m.d.comb += [
            following.step.mode.eq(mode),
            following.step.row.eq(row),
            following.first.eq(group < strands),
            following.restart.eq(start & (strand == 0)),
            following.tile_first.eq(start & (group == 0)),
            following.tile_last.eq(last_group),
            following.unit_last.eq(last_row),
            following.drain.bank.eq(bank),
            following.drain.mode.eq(mode),
            following.drain.tile_rows.eq(work.tile_rows),
            following.drain.strands.eq(work.strands),
            following.drain.filled.eq(Mux(work.groups < strands, work.groups, strands)),
            following.drain.vectors.eq(work.vectors),
            following.drain.pairs.eq(vectors + 1),
        ]
        available = Signal()
        m.d.comb += [
            available.eq(active & self.operands_ready),
            self.fetch.eq(taken),
            self.fetch_step.eq(vectors),
            self.operands_release.eq(taken & last_pair),
            self.work.ready.eq(~active | (taken & last_tile)),
        ]
        with m.If(taken):
            m.d.sync += [vectors.eq(vectors + 1), covered.eq(covered + width)]
            with m.If(last_vectors):
                m.d.sync += [vectors.eq(0), covered.eq(width), row.eq(~row)]
            with m.If(last_row):
                m.d.sync += [row.eq(0), pair.eq(pair + 1 + mv)]
            with m.If(last_pair):
                m.d.sync += [pair.eq(0), group.eq(group + 1)]
                m.d.sync += strand.eq(Mux(strand == strands - 1, 0, strand + 1))
            with m.If(last_group):
                m.d.sync += [group.eq(0), strand.eq(0), tile.eq(tile + 1), bank.eq(~bank)]
            with m.If(last_tile):
                m.d.sync += [tile.eq(0), active.eq(0)]
        with m.If(self.work.valid & self.work.ready):
            m.d.sync += [work.eq(self.work.payload), active.eq(1)]
        return available

    def _issue(self, m: Module, following: Any, available: Signal, taken: Signal) -> None:
        """Make the step in hand, and take the next one into it."""
        now, held, half = Signal.like(following, reset_less=True), Signal(), Signal()
        second = Signal()  # row pair of the record
        open_banks = Signal(range(BANKS + 1))
        blocked, fire, complete, last = (Signal(name=n) for n in
                                         ("blocked", "fire", "complete", "last"))  # fmt: skip
        one = second | self.twins | (now.step.mode == Mode.MM)
        m.d.comb += [
            blocked.eq(now.tile_first & (open_banks == BANKS) & ~half & ~second),
            fire.eq(held & self.unit_ready & ~blocked),
            complete.eq(fire & (half | self.whole)),
            last.eq(complete & one),
            taken.eq(available & (~held | last)),
            self.step.eq(now.step),
            self.step.half.eq(half),
            self.advance.eq(complete & now.unit_last),
        ]
        with m.If(fire):
            m.d.sync += half.eq(~(half | self.whole))
        with m.If(complete):
            m.d.sync += second.eq(~one)
        with m.If(last):
            m.d.sync += held.eq(0)
        with m.If(taken):
            m.d.sync += [now.eq(following), held.eq(1)]

        address = Signal.like(self.result.address)
        result = Signal.like(self.result)
        m.d.comb += [
            result.valid.eq(complete),
            result.joined.eq(half),
            result.twins.eq(self.twins),
            result.mode.eq(now.step.mode),
            result.first.eq(now.first),
            result.bank.eq(now.drain.bank),
            result.address.eq(Mux(now.restart & ~second, 0, address)),
        ]
        with m.If(complete):
            m.d.sync += address.eq(result.address + 1)
        late = self._result_offset
        m.d.comb += [
            self.result.eq(delay(m, result, late, name="result")),
            self.result.valid.eq(delay(m, complete, late, name="result_valid", reset_less=False)),
        ]
        opened = last & now.tile_first
        m.d.sync += open_banks.eq(open_banks + opened - self.drained)
        drain = Signal.like(now.drain)
        m.d.comb += [drain.eq(now.drain), drain.twins.eq(self.twins)]
        self._send(m, drain, last & now.tile_last)

    def _send(self, m: Module, drain: Any, complete: Any) -> None:
        """Offer a bank to be drained when its last result has settled."""
        wait = self._result_offset + self._settle
        m.submodules.banks = banks = SyncFIFO(width=len(drain.as_value()), depth=BANKS)
        m.d.comb += [
            banks.w_data.eq(delay(m, drain, wait, name="drain").as_value()),
            banks.w_en.eq(delay(m, complete, wait, name="complete", reset_less=False)),
            self.drain.payload.eq(banks.r_data),
            self.drain.valid.eq(banks.r_rdy),
            banks.r_en.eq(self.drain.ready),
        ]
