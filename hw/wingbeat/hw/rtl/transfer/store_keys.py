"""ST KEYS: positions become rows of the key cache."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import GROUP, KEY_CACHE
from wingbeat.hw.isa.instructions import Store
from wingbeat.hw.rtl.bus.write_word import beat_layout
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.memory.ports import ENTRY, READ_LATENCY, operand_read
from wingbeat.hw.rtl.transfer.half import encode_half
from wingbeat.hw.rtl.transfer.load_rows import COUNT_BITS
from wingbeat.hw.rtl.transfer.place import Locator, advance, place_layout, rows_of
from wingbeat.hw.rtl.transfer.records import RecordWalk

_CODE_BEATS = 4
"""Beats that hold a group's 32 codes of a row pair, 8 bits each."""

_BEAT_COLUMNS = GROUP // _CODE_BEATS


class StoreKeys(wiring.Component):
    """Writes, for each position and group, the beat with its scale and the four with its codes.

    The first position is divided by the height of a tile (75 cycles), the others follow. A group
    takes 9 cycles if nothing makes it wait.

    Attributes
    ----------
    command : resolved `Store`, KEYS with at least one group; must hold from `start` to `done`
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
        """Find the first row; then read and write group after group."""
        m = Module()
        config, command, operand, beats = self._config, self.command, self.operand, self.beats
        lanes_per_port = config.lanes // config.ports
        m.submodules.locator = locator = Locator(config)
        m.submodules.walk = walk = RecordWalk((KEY_CACHE,))
        place = Signal(place_layout(config), reset_less=True)
        left = Signal(COUNT_BITS)
        row, group = Signal(len(operand.address)), Signal(len(operand.address))
        waited = Signal(range(READ_LATENCY))
        entry = Signal(ENTRY, reset_less=True)
        tile = Signal(32)
        beat = Signal(range(_CODE_BEATS))
        odd = place.row[0]
        half = encode_half(m, entry.scale, name="half")
        columns = Signal(8 * _BEAT_COLUMNS)
        m.d.sync += locator.stride.eq(walk.lane_beats * lanes_per_port)
        m.d.sync += tile.eq(command.address + place.offset + place.slot)
        m.d.comb += [
            locator.row.eq(command.position),
            locator.rows.eq(rows_of(command.tile_rows)),
            walk.tile_rows.eq(command.tile_rows),
            walk.row.eq(place.row),
            walk.groups.eq(command.length // GROUP),
            operand.address.eq(row + group),
            beats.payload.port.eq(place.port),
            columns.eq(entry.codes.as_value().word_select(beat, len(columns))),
        ]
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += [left.eq(command.rows), row.eq(command.operand.base)]
                m.next = "STRIDE"
            with m.State("STRIDE"):
                m.d.comb += locator.start.eq(1)
                m.next = "LOCATE"
            with m.State("LOCATE"), m.If(locator.done):
                m.d.sync += place.eq(locator.place)
                m.next = "ROW"
            with m.State("ROW"):
                m.d.comb += walk.start.eq(1)
                m.d.sync += group.eq(0)
                m.next = "READ"
            with m.State("READ"):
                m.d.comb += operand.valid.eq(1)
                m.d.sync += waited.eq(0)
                with m.If(operand.ready):
                    m.next = "WAIT"
            with m.State("WAIT"):
                m.d.sync += [waited.eq(waited + 1), entry.eq(operand.data)]
                with m.If(waited == READ_LATENCY - 1):
                    m.next = "PLACE_SCALE"
            with m.State("PLACE_SCALE"):
                m.d.sync += beats.payload.address.eq(tile + (walk.scale >> 4) * lanes_per_port)
                m.next = "SCALE"
            with m.State("SCALE"):
                m.d.comb += [
                    beats.valid.eq(1),
                    beats.payload.data.eq(half.replicate(8)),
                    beats.payload.strobes.eq(0b11 << walk.scale[:4]),
                ]
                with m.If(beats.ready):
                    m.d.sync += beats.payload.address.eq(tile + (walk.codes >> 1) * lanes_per_port)
                    m.next = "CODES"
            with m.State("CODES"):
                last_group = walk.last & (beat == _CODE_BEATS - 1)
                m.d.comb += [
                    beats.valid.eq(1),
                    # the rows of a pair alternate
                    beats.payload.data.eq(
                        Cat(
                            columns.word_select(column, 8).replicate(2)
                            for column in range(_BEAT_COLUMNS)
                        )
                    ),
                    beats.payload.strobes.eq(Cat(~odd, odd).replicate(_BEAT_COLUMNS)),
                    beats.payload.last.eq(last_group & (left == 1)),
                ]
                with m.If(beats.ready):
                    m.d.sync += beat.eq(beat + 1)
                    m.d.sync += beats.payload.address.eq(beats.payload.address + lanes_per_port)
                    with m.If(beat == _CODE_BEATS - 1):
                        m.d.comb += walk.next.eq(1)
                        m.d.sync += group.eq(group + 1)
                        m.next = "READ"
                    with m.If(last_group):
                        advance(m, place, config, 1, locator.rows, locator.stride)
                        m.d.sync += [left.eq(left - 1), row.eq(row + command.operand.outer)]
                        m.next = "ROW"
                        with m.If(left == 1):
                            m.d.comb += self.done.eq(1)
                            m.next = "IDLE"
        return m
