"""The scale bank: scales and minima of all rows of the present scale group."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import ACCUMULATOR_ROWS, AcceleratorConfig
from wingbeat.hw.formats import ScaleKind
from wingbeat.hw.isa.operands import TileRows
from wingbeat.hw.rtl.lane.gearbox import Gearbox
from wingbeat.hw.rtl.lane.sections import SECTION_BEAT

SCALE = data.StructLayout({"scale": 16, "minimum": 16})
"""Halves of one row."""

ONE_HALF = 0x3C00
"""1.0 as a half: the scale of codes that have none."""


class ScaleBank(wiring.Component):
    """Holds one scale group while the next one gathers in a gearbox.

    Attributes
    ----------
    beats : In stream of `SECTION_BEAT`
    active : In(1), a tile is being worked on, and the two describe it:
    scale_kind, tile_rows : In, of its format and the tile
    drop : In(1), the present scale group is done
    end : In(1), with `drop`: it was the tile's last
    ready : Out(1), the bank is loaded
    pair : In(3), row pair
    scales : Out of 2 x `SCALE`, of its rows; 4 x if there are twins, then those of the next pair
        too if this one is even; combinational
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._sizes = {
            kind.value << 2 | rows.value: rows.rows * weights.scale_bytes
            for weights in config.decoded_formats
            for kind in (weights.scale,)
            for rows in TileRows
        }
        self._pairs = 1 + config.twins
        super().__init__(
            {
                "beats": In(stream.Signature(SECTION_BEAT)),
                "active": In(1),
                "scale_kind": In(ScaleKind),
                "tile_rows": In(TileRows),
                "drop": In(1),
                "end": In(1),
                "ready": Out(1),
                "pair": In(range(ACCUMULATOR_ROWS // 2)),
                "scales": Out(data.ArrayLayout(SCALE, 2 * self._pairs)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Load the bank from the gearbox as soon as it is free."""
        m = Module()
        m.submodules.gearbox = gearbox = Gearbox([size for size in self._sizes.values() if size])
        wiring.connect(m, wiring.flipped(self.beats), gearbox.beats)
        size = Signal.like(gearbox.take)
        with m.Switch(Cat(self.tile_rows, self.scale_kind)):
            for key, number in self._sizes.items():
                with m.Case(key):
                    m.d.comb += size.eq(number // gearbox.granule)

        bank = Signal(data.ArrayLayout(data.ArrayLayout(SCALE, 2), ACCUMULATOR_ROWS // 2))
        load = Signal()
        m.d.comb += load.eq(
            self.active & (gearbox.level >= size) & (~self.ready | (self.drop & ~self.end))
        )
        with m.If(load):
            m.d.comb += gearbox.take.eq(size)
            m.d.sync += bank.eq(self._rows(gearbox.piece))
            m.d.sync += self.ready.eq(1)
        with m.Elif(self.drop):
            m.d.sync += self.ready.eq(0)
        m.d.comb += self.scales.eq(Cat(bank[self.pair | other] for other in range(self._pairs)))
        return m

    def _rows(self, piece: Signal) -> Cat:
        """Scale and minimum of each row, whatever the format has of them."""
        halves = [piece[at : at + 16] for at in range(0, len(piece), 16)]
        halves += [Const(0, 16)] * (2 * ACCUMULATOR_ROWS - len(halves))
        both = self.scale_kind == ScaleKind.SCALE_MIN
        none = self.scale_kind == ScaleKind.NONE
        rows = []
        for row in range(ACCUMULATOR_ROWS):
            scale = Mux(both, halves[2 * row], Mux(none, Const(ONE_HALF, 16), halves[row]))
            rows += [scale, Mux(both, halves[2 * row + 1], 0)]
        return Cat(*rows)
