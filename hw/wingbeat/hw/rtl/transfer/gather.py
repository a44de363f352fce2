"""LD GATHER: rows of a weight matrix, chosen by a list, decoded to FP32."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.formats import GROUP, ScaleKind
from wingbeat.hw.isa.instructions import Load
from wingbeat.hw.isa.operands import GRANULE, FormatField
from wingbeat.hw.rtl.bus.read_engine import REQUEST
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.memory.ports import QUAD, vector_write
from wingbeat.hw.rtl.transfer.decode_groups import GROUP_PLACE, DecodeGroups
from wingbeat.hw.rtl.transfer.load_rows import COUNT_BITS
from wingbeat.hw.rtl.transfer.place import Locator, rows_of
from wingbeat.hw.rtl.transfer.records import GROUP_BITS, RecordWalk

DESCRIPTORS = 8
"""Groups that are asked for ahead of the one that is decoded."""

_GROUP_QUADS = GROUP // QUAD


class Gather(wiring.Component):
    """Fetches an index, then scales and codes of each group of its row; row after row.

    A row costs the memory's latency twice and about 80 cycles, and each group about 60 more: LD
    works ahead of the units that wait for it.

    Attributes
    ----------
    command : resolved `Load`, GATHER with at least one group; must hold from `start` to `done`
    start, done : pulses; `done` when the last write has been accepted
    port : the port that `request` is for
    request, beats : beats of that port
    write : to the vector memory, the first quad of its port only
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        self._formats = [f for f in config.weight_formats if not f.sparse]
        super().__init__(
            {
                "command": In(resolved(Load)),
                "start": In(1),
                "done": Out(1),
                "port": Out(ceil_log2(config.ports)),
                "request": Out(stream.Signature(REQUEST)),
                "beats": In(stream.Signature(BEAT_BITS)),
                "write": Out(vector_write(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Find a row; walk its groups and ask for them, while `DecodeGroups` takes what comes."""
        m = Module()
        config, command, request = self._config, self.command, self.request
        lanes_per_port = config.lanes // config.ports
        m.submodules.locator = locator = Locator(config)
        m.submodules.walk = walk = RecordWalk(self._formats)
        m.submodules.decode = decode = DecodeGroups(self._formats)
        m.submodules.places = places = SyncFIFOBuffered(width=GROUP_PLACE.size, depth=DESCRIPTORS)
        format_, bits, scaled = self._format(m)

        left = Signal(COUNT_BITS)
        listed = Signal(32)
        listing = Signal(init=1)  # port 0 is read, for the list
        matrix = Signal(32)
        wanted = Signal(range(6))
        index = self.beats.payload.word_select(listed[:2], 32)
        m.d.sync += locator.stride.eq(walk.lane_beats * lanes_per_port)
        m.d.comb += [
            locator.rows.eq(rows_of(command.tile_rows)),
            walk.format.eq(format_),
            walk.tile_rows.eq(command.tile_rows),
            walk.row.eq(locator.place.row),
            walk.groups.eq(command.length // GROUP),
            decode.format.eq(format_),
            decode.odd.eq(locator.place.row[0]),
            places.w_data.eq(Cat(walk.scale[1:4], walk.codes[0])),
            decode.places.payload.eq(places.r_data),
            decode.places.valid.eq(places.r_rdy),
            places.r_en.eq(decode.places.ready),
            request.payload.beats.eq(1),
            decode.beats.payload.eq(self.beats.payload),
        ]
        with m.If(~listing):
            m.d.comb += [
                self.port.eq(locator.place.port),
                decode.beats.valid.eq(self.beats.valid),
                self.beats.ready.eq(decode.beats.ready),
            ]
        begin_row, row_done = self._write(m, decode)

        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += [left.eq(command.rows), listed.eq(command.list)]
                m.d.sync += request.payload.address.eq(command.list >> 2)
                m.next = "LIST"
            with m.State("LIST"):
                m.d.comb += request.valid.eq(1)
                with m.If(request.ready):
                    m.next = "INDEX"
            with m.State("INDEX"):
                m.d.comb += self.beats.ready.eq(1)
                with m.If(self.beats.valid):
                    # an index is signed, and held at the last row
                    beyond = Mux(index > command.last, command.last, index)
                    m.d.sync += locator.row.eq(Mux(index[-1], 0, beyond))
                    m.next = "LOCATE"
            with m.State("LOCATE"):
                m.d.comb += [locator.start.eq(1), begin_row.eq(1)]
                m.next = "LOCATING"
            with m.State("LOCATING"), m.If(locator.done):
                m.d.comb += walk.start.eq(1)
                m.d.sync += listing.eq(0)
                place = locator.place
                m.d.sync += matrix.eq(command.address + place.offset + place.slot)
                m.next = "WALK"
            with m.State("WALK"):
                m.next = "GROUP"
            with m.State("GROUP"):
                m.d.sync += request.payload.address.eq(matrix + (walk.scale >> 4) * lanes_per_port)
                m.next = "SCALE"
                with m.If(~scaled):
                    m.next = "PLACE"
            with m.State("SCALE"):
                m.d.comb += request.valid.eq(1)
                with m.If(request.ready):
                    m.next = "PLACE"
            with m.State("PLACE"):
                m.d.comb += places.w_en.eq(1)
                m.d.sync += [
                    request.payload.address.eq(matrix + (walk.codes >> 1) * lanes_per_port),
                    wanted.eq((walk.codes[0] + bits + 1) >> 1),
                ]
                with m.If(places.w_rdy):
                    m.next = "CODES"
            with m.State("CODES"):
                m.d.comb += request.valid.eq(1)
                with m.If(request.ready):
                    m.d.sync += [
                        request.payload.address.eq(request.payload.address + lanes_per_port),
                        wanted.eq(wanted - 1),
                    ]
                    with m.If(wanted == 1):
                        m.d.comb += walk.next.eq(1)
                        m.next = "WALK"
                        with m.If(walk.last):
                            m.next = "DRAIN"
            with m.State("DRAIN"), m.If(row_done):
                m.d.sync += [left.eq(left - 1), listed.eq(listed + 1), listing.eq(1)]
                m.d.sync += request.payload.address.eq((listed + 1) >> 2)
                m.next = "LIST"
                with m.If(left == 1):
                    m.d.comb += self.done.eq(1)
                    m.next = "IDLE"
        return m

    def _format(self, m: Module) -> tuple[Any, Any, Any]:
        """Return index, bits, and whether there are scales, of the command's format."""
        index = Signal(ceil_log2(len(self._formats)))
        bits = Signal(range(9))
        scaled = Signal()
        for number, weights in enumerate(self._formats):
            with m.If(self.command.format.as_value() == FormatField.of(weights).to_bits()):
                m.d.comb += [
                    index.eq(number),
                    bits.eq(weights.bits),
                    scaled.eq(weights.scale is not ScaleKind.NONE),
                ]
        return index, bits, scaled

    def _write(self, m: Module, decode: DecodeGroups) -> tuple[Any, Any]:
        """Write quads to the rows of the destination; return (begin a row, row is written)."""
        write, destination = self.write, self.command.destination
        row, quad = Signal(len(write.quad)), Signal(len(write.quad))
        left = Signal(GROUP_BITS + ceil_log2(_GROUP_QUADS))
        begin, written = Signal(), Signal()
        m.d.comb += [
            write.quad.eq(quad),
            write.words.eq(decode.quads.payload),
            write.enable.eq(C(1).replicate(QUAD)),
            write.valid.eq(decode.quads.valid),
            decode.quads.ready.eq(write.ready),
            written.eq(left == 0),
        ]
        with m.If(write.valid & write.ready):
            m.d.sync += [left.eq(left - 1), quad.eq(quad + 1)]
        with m.If(begin):
            m.d.sync += [quad.eq(row), row.eq(row + destination.outer * (GRANULE // QUAD))]
            m.d.sync += left.eq((self.command.length // GROUP) * _GROUP_QUADS)
        with m.If(self.start):
            m.d.sync += row.eq(destination.base * (GRANULE // QUAD))
        return begin, written
