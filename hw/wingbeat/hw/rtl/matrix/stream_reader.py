"""Asks every port for the tiles of a multiplication, long before they are multiplied."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import ADDER_LATENCY
from wingbeat.hw.isa.instructions import Multiply, Opcode
from wingbeat.hw.isa.operands import FormatField, TileRows
from wingbeat.hw.rtl.broadcast import Broadcast
from wingbeat.hw.rtl.bus.read_engine import REQUEST
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.lane.commands import TILE
from wingbeat.hw.rtl.matrix.operand_buffer import COUNT_BITS
from wingbeat.hw.stream import TILE_ROWS, TileLayout

TILES_AHEAD = 16
"""Tiles that are asked for before the lanes begin with them: short ones arrive long after."""


class StreamReader(wiring.Component):
    """One request a tile for each port, and word of it to each lane.

    A dense tile is as long as its format makes it. How long a sparse one is stands in its header,
    so it is read up to the next one: the lanes throw away what lies between.

    Attributes
    ----------
    command : stream of multiplications, in the order of the program
    requests : streams of read requests, one a port
    tiles : streams of tiles that will arrive, one a lane
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "command": In(stream.Signature(resolved(Multiply))),
                "requests": Out(stream.Signature(REQUEST)).array(config.ports),
                "tiles": Out(stream.Signature(TILE)).array(config.lanes),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Take a command, look up how long its tiles are, then send them one after another."""
        m = Module()
        config = self._config
        m.submodules.requests = requests = Broadcast(REQUEST, config.ports)
        m.submodules.tiles = tiles = Broadcast(TILE, config.lanes)
        m.submodules.ahead = ahead = SyncFIFOBuffered(width=TILE.size, depth=TILES_AHEAD)
        tile = Signal(TILE)
        for ours, sink in zip(self.requests, requests.sinks, strict=True):
            wiring.connect(m, wiring.flipped(ours), sink)
        for ours, sink in zip(self.tiles, tiles.sinks, strict=True):
            wiring.connect(m, wiring.flipped(ours), sink)

        lanes_per_port = config.lanes // config.ports
        command = Signal(resolved(Multiply), reset_less=True)
        full, tail, records = self._record_sizes(m, command)
        beats = Signal(24, reset_less=True)  # of a tile in a lane
        address = Signal(32, reset_less=True)
        left = Signal(COUNT_BITS)
        sent, both = Signal(2), Signal()
        offered = Cat(requests.source.valid, ahead.w_en)
        accepted = Cat(requests.source.ready, ahead.w_rdy)
        m.d.comb += [
            requests.source.payload.address.eq(address),
            requests.source.payload.beats.eq(beats << exact_log2(lanes_per_port)),
            tile.format.eq(command.format),
            tile.tile_rows.eq(command.tile_rows),
            tile.groups.eq(command.groups),
            tile.beats.eq(beats),
            tile.twins.eq(self._twins(command)),
            ahead.w_data.eq(tile),
            tiles.source.payload.eq(ahead.r_data),
            tiles.source.valid.eq(ahead.r_rdy),
            ahead.r_en.eq(tiles.source.ready),
            both.eq(((offered & accepted) | sent).all()),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.command.ready.eq(1)
                payload = self.command.payload
                m.d.sync += [
                    command.eq(payload),
                    address.eq(payload.address & -config.word_beats),
                    left.eq(payload.tiles),
                ]
                some = (payload.tiles != 0) & (payload.groups != 0) & (payload.outer != 0)
                with m.If(self.command.valid & some):
                    m.next = "MEASURE"
            with m.State("MEASURE"):
                dense = full * records + tail
                sparse = command.stride >> exact_log2(lanes_per_port)
                m.d.sync += beats.eq(Mux(command.format.sparse, sparse, dense))
                m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += offered.eq(~sent)
                m.d.sync += sent.eq((offered & accepted) | sent)
                with m.If(both):
                    m.d.sync += [sent.eq(0), address.eq(address + command.stride)]
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 1):
                        m.next = "IDLE"
        return m

    def _twins(self, command: Any) -> Value:
        """Whether accumulators rest long enough if a step takes two row pairs."""
        if not self._config.twins:
            return Const(0)
        steps = (command.tile_rows.as_value() + 1) << command.strands
        return (command.opcode == Opcode.MV) & (steps >= ADDER_LATENCY)

    def _record_sizes(self, m: Module, command: Any) -> tuple[Signal, Signal, Signal]:
        """Look up the beats of a full record and of the last, and how many full ones there are.

        The table holds what `TileLayout` says of every dense format that the lanes decode.
        """
        full, tail, records = Signal(16), Signal(16), Signal(COUNT_BITS)
        formats = [f for f in self._config.decoded_formats if not f.sparse]
        with m.Switch(Cat(command.format.as_value(), command.tile_rows.as_value())):
            for weights in formats:
                for rows in TILE_ROWS:
                    layout = TileLayout(weights, rows, self._config.lanes, self._config.ports)
                    span = layout.span()
                    key = FormatField.of(weights).to_bits()
                    key |= TileRows.of(rows).value << FormatField.width()
                    with m.Case(key):
                        rest = command.groups[: exact_log2(span)]
                        m.d.comb += [
                            full.eq(layout.section(span).beats),
                            records.eq(command.groups >> exact_log2(span)),
                        ]
                        with m.Switch(rest):
                            for groups in range(1, span):
                                with m.Case(groups):
                                    m.d.comb += tail.eq(layout.section(groups).beats)
        return full, tail, records
