"""ST VALUES: positions become columns of the value cache."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import GROUP
from wingbeat.hw.isa.instructions import Store
from wingbeat.hw.rtl.bus.write_word import beat_layout
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.memory.ports import ENTRY, READ_LATENCY, operand_read
from wingbeat.hw.rtl.transfer.half import HALF_BITS, encode_half
from wingbeat.hw.rtl.transfer.load_rows import COUNT_BITS
from wingbeat.hw.rtl.transfer.place import advance, place_layout, rows_of

_PAIRS = GROUP // 2
"""Row pairs of which an entry of the operand memory holds a column."""

_COLUMNS = 8
"""Positions of a row pair that share a beat."""

_PAIR_BEATS = GROUP // _COLUMNS


class StoreValues(wiring.Component):
    """Writes two bytes for each row pair and position, then the scales of all positions.

    Positions are the inner loop: neighbours lie in one beat, and the write engine joins them. Each
    pair and position takes 6 cycles if nothing makes it wait.

    Attributes
    ----------
    command : resolved `Store`, VALUES with at least one group; must hold from `start` to `done`
    start, done : pulses; `done` when the last beat has been accepted
    operand : read port of the operand memory
    beats : to any port
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
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
        """One loop over pairs and positions; scales are one more turn of the positions."""
        m = Module()
        config, command, operand, beats = self._config, self.command, self.operand, self.beats
        lanes_per_port = config.lanes // config.ports
        place = Signal(place_layout(config), reset_less=True)
        pair, pairs = Signal(COUNT_BITS), Signal(COUNT_BITS)
        left = Signal(COUNT_BITS)
        position = Signal(32)
        row = Signal(len(operand.address))
        waited = Signal(range(READ_LATENCY))
        entry = Signal(ENTRY, reset_less=True)
        lane_beat = Signal(32)
        scales, last_position = Signal(), Signal()
        rows = Signal(range(17))
        half = encode_half(m, entry.scale, name="half")
        codes = entry.codes.as_value().word_select(pair[: (_PAIRS - 1).bit_length()], 16)
        pairs_of_lane = rows >> 1
        blocks = (position // GROUP) * pairs_of_lane + (place.row >> 1)
        m.d.comb += [
            rows.eq(rows_of(command.tile_rows)),
            pairs.eq(command.length >> 1),
            scales.eq(pair == pairs),
            last_position.eq(left == 1),
            operand.address.eq(row),
            beats.payload.last.eq(scales & last_position),
        ]
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += [pair.eq(0), place.eq(0)]
                m.next = "PAIR"
            with m.State("PAIR"):
                m.d.sync += [left.eq(command.rows), position.eq(command.position)]
                m.d.sync += row.eq(command.operand.base)
                with m.If(~scales):
                    m.d.sync += row.eq(command.operand.base + pair // _PAIRS)
                m.next = "READ"
            with m.State("READ"):
                m.d.comb += operand.valid.eq(1)
                m.d.sync += waited.eq(0)
                with m.If(operand.ready):
                    m.next = "WAIT"
            with m.State("WAIT"):
                m.d.sync += [waited.eq(waited + 1), entry.eq(operand.data)]
                # the beat of this pair and position in its lane's tile
                m.d.sync += lane_beat.eq(
                    blocks * _PAIR_BEATS + position[: GROUP.bit_length() - 1] // _COLUMNS
                )
                with m.If(waited == READ_LATENCY - 1):
                    m.next = "PLACE"
            with m.State("PLACE"):
                tile = command.address + place.offset + place.slot
                m.d.sync += beats.payload.address.eq(tile + lane_beat * lanes_per_port)
                m.d.sync += [
                    beats.payload.port.eq(place.port),
                    beats.payload.data.eq(codes.replicate(_COLUMNS)),
                    beats.payload.strobes.eq(0b11 << (2 * (position % _COLUMNS))),
                ]
                with m.If(scales):
                    m.d.sync += [
                        beats.payload.port.eq(0),
                        beats.payload.address.eq(command.list + position // _COLUMNS),
                        beats.payload.data.eq(half.replicate(128 // HALF_BITS)),
                    ]
                m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += beats.valid.eq(1)
                with m.If(beats.ready):
                    m.d.sync += [left.eq(left - 1), position.eq(position + 1)]
                    m.d.sync += row.eq(row + command.operand.outer)
                    m.next = "READ"
                    with m.If(last_position):
                        advance(m, place, config, 2, rows, command.stride)
                        m.d.sync += pair.eq(pair + 1)
                        m.next = "PAIR"
                        with m.If(scales):
                            m.d.comb += self.done.eq(1)
                            m.next = "IDLE"
        return m
