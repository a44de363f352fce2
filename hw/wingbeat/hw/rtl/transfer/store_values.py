"""ST VALUES: positions become columns of the value cache."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import GROUP
from wingbeat.hw.isa.instructions import Store
from wingbeat.hw.rtl.bus.write_word import beat_layout
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.memory.ports import READ_LATENCY, operand_read
from wingbeat.hw.rtl.transfer.half import HALF_BITS, encode_half
from wingbeat.hw.rtl.transfer.load_rows import COUNT_BITS
from wingbeat.hw.rtl.transfer.place import advance, place_layout, rows_of

_PAIRS = GROUP // 2
"""Row pairs of which an entry of the operand memory holds a column."""

_COLUMNS = 8
"""Positions of a row pair that share a beat."""

_PAIR_BEATS = GROUP // _COLUMNS

BEATS = 8
"""Beats under way or waiting for the write engine."""


class StoreValues(wiring.Component):
    """Writes two bytes for each row pair and position, then the scales of all positions.

    Positions are the inner loop: neighbours lie in one beat, and the write engine joins them. One
    pair and position a cycle, as long as the operand memory and the write engine keep up.

    Attributes
    ----------
    command : resolved `Store`, VALUES with at least one group; must hold from `start` to `done`
    start, done : pulses; `done` when the last beat has been accepted
    operand : read port of the operand memory
    beats : to any port
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        port = place_layout(config)["port"].shape
        self._tag = data.StructLayout(
            {"port": port, "lane": 4, "column": 3, "scales": 1, "last": 1}
        )
        self._result = data.StructLayout(
            {"port": port, "address": 32, "bytes": HALF_BITS, "column": 3, "last": 1}
        )
        super().__init__(
            {
                "command": In(resolved(Store)),
                "start": In(1),
                "done": Out(1),
                "operand": Out(operand_read(config)),
                "beats": Out(stream.Signature(beat_layout(config.ports))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Entries and their addresses meet in a FIFO of beats."""
        m = Module()
        m.submodules.results = results = SyncFIFOBuffered(width=self._result.size, depth=BEATS)
        taken = Signal()
        accepted, tag, address = self._read(m, taken)
        arrived = delay(m, accepted, READ_LATENCY, name="arrived", reset_less=False)
        tag = delay(m, tag, READ_LATENCY, name="tag")
        entry = self.operand.data
        codes = entry.codes.as_value().word_select(tag.lane, HALF_BITS)
        half = encode_half(m, entry.scale, name="half")
        result = Signal(self._result)
        m.d.comb += [
            result.port.eq(tag.port),
            result.address.eq(address),
            result.bytes.eq(Mux(tag.scales, half, codes)),
            result.column.eq(tag.column),
            result.last.eq(tag.last),
            results.w_data.eq(delay(m, result, 1, name="result").as_value()),
            results.w_en.eq(delay(m, arrived, 1, name="valid", reset_less=False)),
        ]
        beat = data.View(self._result, results.r_data)
        beats = self.beats
        m.d.comb += [
            beats.valid.eq(results.r_rdy),
            beats.payload.port.eq(beat.port),
            beats.payload.address.eq(beat.address),
            beats.payload.data.eq(beat.bytes.replicate(_COLUMNS)),
            beats.payload.strobes.eq(0b11 << (2 * beat.column)),
            beats.payload.last.eq(beat.last),
            taken.eq(beats.valid & beats.ready),
            results.r_en.eq(taken),
            self.done.eq(taken & beat.last),
        ]
        return m

    def _read(self, m: Module, taken: Signal) -> tuple[Any, Any, Any]:
        """Loop over pairs and positions; the scales are one more turn of the positions.

        Returns (an entry is asked for, what becomes of it, its address `READ_LATENCY` later).
        """
        config, command, operand = self._config, self.command, self.operand
        lanes_per_port = config.lanes // config.ports
        place = Signal(place_layout(config), reset_less=True)
        pair, left, position = Signal(COUNT_BITS), Signal(COUNT_BITS), Signal(32)
        row = Signal(len(operand.address))
        active, accepted, scales = Signal(), Signal(), Signal()
        room = Signal(range(BEATS + 1), init=BEATS)
        rows = rows_of(command.tile_rows)
        tag = Signal(self._tag)
        m.d.comb += [
            scales.eq(pair == command.length >> 1),
            operand.valid.eq(active & (room != 0)),
            operand.address.eq(row),
            accepted.eq(operand.valid & operand.ready),
            tag.port.eq(Mux(scales, 0, place.port)),
            tag.lane.eq(pair),
            tag.column.eq(position),
            tag.scales.eq(scales),
            tag.last.eq(scales & (left == 1)),
        ]
        m.d.sync += room.eq(room + taken - accepted)
        with m.If(accepted):
            m.d.sync += [left.eq(left - 1), position.eq(position + 1)]
            m.d.sync += row.eq(row + command.operand.outer)
            with m.If(left == 1):
                following = pair + 1
                m.d.sync += [pair.eq(following), active.eq(~scales)]
                m.d.sync += [left.eq(command.rows), position.eq(command.position)]
                m.d.sync += row.eq(command.operand.base + following // _PAIRS)
                with m.If(following == command.length >> 1):
                    m.d.sync += row.eq(command.operand.base)
                advance(m, place, config, 2, rows, command.stride)
        with m.If(self.start):
            m.d.sync += [active.eq(1), pair.eq(0), place.eq(0), row.eq(command.operand.base)]
            m.d.sync += [left.eq(command.rows), position.eq(command.position)]

        # 1: the beat of this pair and position in its lane's tile; 2: on its port
        tile, beat = Signal(32, reset_less=True), Signal(32, reset_less=True)
        address = Signal(32, reset_less=True)
        block = (position // GROUP) * (rows >> 1) + (place.row >> 1)
        step = Mux(delay(m, scales, 1, name="scales"), 1, lanes_per_port)
        m.d.sync += [
            tile.eq(command.address + place.offset + place.slot),
            beat.eq(block * _PAIR_BEATS + position[: exact_log2(GROUP)] // _COLUMNS),
            address.eq(tile + beat * step),
        ]
        with m.If(scales):
            m.d.sync += [tile.eq(command.list), beat.eq(position // _COLUMNS)]
        return accepted, tag, address
