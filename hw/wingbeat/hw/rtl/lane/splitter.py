"""The splitter: cuts a lane's beats into scales, patterns and codes."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.formats import SPARSE_COUNTS, TWIN_KEPT, WINDOW
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.rtl.lane.commands import TILE, tile_info
from wingbeat.hw.rtl.lane.sections import (
    LARGEST_RECORD,
    RECORD,
    SECTION_BEAT,
    SECTIONS,
    format_shape,
    log_span,
    record_number,
    record_table,
)


class Splitter(wiring.Component):
    """Takes one beat a cycle, also from one tile to the next.

    The record structure comes from a ROM, read while the record before still passes.

    Attributes
    ----------
    tile : In stream of `commands.TILE`
    beats : In stream of 128 bits
    info : Out stream of `tile_info`, one before the first beat of each tile
    codes, scales, patterns : Out streams of `sections.SECTION_BEAT`
    fault : Out(1), one pulse: N is none that exists, or the tile is longer than its beats
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "tile": In(stream.Signature(TILE)),
                "beats": In(stream.Signature(BEAT_BITS)),
                "info": Out(stream.Signature(tile_info(config))),
                "codes": Out(stream.Signature(SECTION_BEAT)),
                "scales": Out(stream.Signature(SECTION_BEAT)),
                "patterns": Out(stream.Signature(SECTION_BEAT)),
                "fault": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build a state machine over tile, header, records and surplus beats."""
        m = Module()
        config = self._config
        table = record_table(config)
        m.submodules.rom = rom = Memory(shape=RECORD, depth=len(table), init=table)
        port = rom.read_port()
        record = port.data  # the present record

        tile = Signal(TILE, reset_less=True)
        present = Signal(tile_info(config), reset_less=True)  # groups: from this record on
        following = Signal.like(present)  # the same in the next cycle
        beat = Signal(9, reset_less=True)  # of the record
        left = Signal(24, reset_less=True)  # beats of the tile that have not come
        m.d.comb += following.eq(present)
        m.d.sync += present.eq(following)
        full = Signal(range(LARGEST_RECORD + 1))
        size = Signal.like(full)
        m.d.comb += [
            full.eq(1 << following.log_span),
            size.eq(Mux(following.groups < full, following.groups, full)),
            port.addr.eq(record_number(following.kind, following.tile_rows, size)),
        ]
        announced = Signal()  # the tile's info has been taken
        taken = Signal()
        m.d.comb += taken.eq(self.beats.valid & self.beats.ready)
        with m.If(taken):
            m.d.sync += left.eq(left - 1)

        # what a tile begins with: its command or, in sparse formats, its header
        header = Signal()
        begin = TILE(Mux(header, tile.as_value(), self.tile.payload.as_value()))
        kept = Mux(header, self.beats.payload[:8], WINDOW)
        key = Cat(begin.format.as_value(), kept)
        shape = format_shape(m, config, key)
        span = log_span(m, config, key, begin.tile_rows)
        twins = begin.twins & (kept <= TWIN_KEPT)
        first = tile_info(config)(Cat(shape, begin.tile_rows, begin.groups, span, twins))

        def take_tile() -> None:
            """Begin with the next tile if it is there, else wait for it."""
            m.d.comb += [self.tile.ready.eq(1), following.eq(first)]
            m.d.sync += [
                tile.eq(self.tile.payload),
                left.eq(self.tile.payload.beats),
                beat.eq(0),
                announced.eq(0),
            ]
            m.next = "TILE"
            with m.If(self.tile.valid):
                with m.If(self.tile.payload.format.sparse):
                    m.next = "HEADER"
                with m.Else():
                    m.next = "RECORDS"

        with m.FSM():
            with m.State("TILE"):
                take_tile()
            with m.State("HEADER"):
                known = Signal()
                m.d.comb += [
                    header.eq(1),
                    known.eq(sum(self.beats.payload[:8] == n for n in SPARSE_COUNTS)),
                    self.beats.ready.eq(1),
                    following.eq(first),
                ]
                with m.If(taken):
                    m.next = "RECORDS"
                    with m.If(~known):
                        m.d.comb += self.fault.eq(1)
                        m.next = "REST"
            with m.State("RECORDS"):
                m.d.comb += [self.info.valid.eq(~announced), self.info.payload.eq(present)]
                with m.If(self.info.ready):
                    m.d.sync += announced.eq(1)
                self._route(m, record, beat, (left != 0) & (announced | self.info.ready))
                last = Signal()
                m.d.comb += last.eq(beat + 1 == record.codes.end)
                with m.If(left == 0):
                    m.d.comb += self.fault.eq(1)
                    m.next = "TILE"
                with m.Elif(taken):
                    m.d.sync += beat.eq(beat + 1)
                    with m.If(last):
                        m.d.sync += beat.eq(0)
                        rest = Signal(24)
                        m.d.comb += rest.eq(present.groups - (1 << present.log_span))
                        m.d.comb += following.groups.eq(rest)
                        with m.If(present.groups <= (1 << present.log_span)):
                            m.next = "REST"
                            with m.If(left == 1):
                                take_tile()
            with m.State("REST"):
                m.d.comb += self.beats.ready.eq(left != 0)
                with m.If(left <= taken):
                    m.next = "TILE"
        return m

    def _route(self, m: Module, record: Any, beat: Value, go: Value) -> None:
        """Send a beat of a record where it belongs."""
        for name in SECTIONS:
            output, section = getattr(self, name), record[name]
            m.d.comb += [
                output.payload.data.eq(self.beats.payload),
                output.payload.bytes.eq(
                    Mux(beat + 1 == section.end, section.last_bytes, BEAT_BYTES)
                ),
            ]
        for number, name in enumerate(SECTIONS):
            output, section = getattr(self, name), record[name]
            with (m.Elif if number else m.If)((beat < section.end) & go):
                m.d.comb += [
                    output.valid.eq(self.beats.valid),
                    self.beats.ready.eq(output.ready),
                ]
