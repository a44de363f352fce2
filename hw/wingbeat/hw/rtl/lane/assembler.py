"""The assembler: slots of 32 decoded codes with all that a chain needs beside them."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import ACCUMULATOR_ROWS, AcceleratorConfig
from wingbeat.hw.formats import GROUP
from wingbeat.hw.rtl.lane.commands import tile_info
from wingbeat.hw.rtl.lane.decode import CODES, Decode, is_whole, may_twin, slot_bytes
from wingbeat.hw.rtl.lane.gearbox import Gearbox
from wingbeat.hw.rtl.lane.indices import SELECTS, Indices
from wingbeat.hw.rtl.lane.scale_bank import SCALE, ScaleBank
from wingbeat.hw.rtl.lane.sections import SECTION_BEAT, is_sparse, of_shapes, shapes
from wingbeat.hw.rtl.lane.skid import Skid

_PATTERN_BYTES = 4
"""Both windows of a row pair."""


def slot_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Return the layout of what a chain works on for one step.

    codes, selects, scales : of the row pair's two rows, or those of two pairs
    half : columns 16 to 31 of the group; the unit is complete
    whole : all columns, N of N:16 is at most 8
    twins : two row pairs, each in half of the slices; N is at most 4
    """
    return data.StructLayout(
        {
            "codes": CODES,
            "selects": SELECTS,
            "scales": data.ArrayLayout(SCALE, 2 * (1 + config.twins)),
            "half": 1,
            "whole": 1,
            "twins": 1,
        }
    )


class Assembler(wiring.Component):
    """Walks through group, row pair and half of each tile; up to one slot a cycle.

    One cycle is lost between tiles, while the scale bank is loaded.

    Attributes
    ----------
    info : In stream of `tile_info`
    codes, scales, patterns : In streams of `SECTION_BEAT`
    slots : Out stream of `slot_layout`
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "info": In(stream.Signature(tile_info(config))),
                "codes": In(stream.Signature(SECTION_BEAT)),
                "scales": In(stream.Signature(SECTION_BEAT)),
                "patterns": In(stream.Signature(SECTION_BEAT)),
                "slots": Out(stream.Signature(slot_layout(config))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Join the gearboxes; a slot is made when all its parts are there."""
        m = Module()
        config = self._config
        sizes = {slot_bytes(shape) for shape in shapes(config)}
        if config.twins:
            sizes |= {2 * slot_bytes(shape) for shape in shapes(config) if may_twin(shape)}
        m.submodules.codes = codes = Gearbox(sizes)
        m.submodules.scale_bank = bank = ScaleBank(config)
        m.submodules.decode = decode = Decode(config)
        m.submodules.skid = skid = Skid(slot_layout(config))
        wiring.connect(m, wiring.flipped(self.codes), codes.beats)
        wiring.connect(m, wiring.flipped(self.scales), bank.beats)
        wiring.connect(m, skid.output, wiring.flipped(self.slots))

        tile = Signal(tile_info(config), reset_less=True)  # groups: that are left
        active = Signal()
        pair = Signal(range(ACCUMULATOR_ROWS // 2))
        half = Signal()
        place = Signal(2)  # of the group in its scale group
        kind, twins = tile.kind, tile.twins
        whole = of_shapes(m, config, kind, lambda shape: int(is_whole(shape)), "whole")
        one = of_shapes(
            m, config, kind, lambda shape: slot_bytes(shape) // codes.granule, "slot_size"
        )
        size = one << twins
        last_place = of_shapes(
            m, config, kind, lambda shape: shape.format.group // GROUP - 1, "last_place"
        )

        fire, unit_end, group_end, scale_end, tile_end = (
            Signal(name=name) for name in ("fire", "unit_end", "group_end", "scale_end", "tile_end")
        )
        masked = Signal()  # the pattern is there, if one is needed
        pairs = (tile.tile_rows.as_value() + 1) << 1
        m.d.comb += [
            fire.eq(active & bank.ready & masked & (codes.level >= size) & skid.input.ready),
            unit_end.eq(fire & (half | whole)),
            group_end.eq(unit_end & (pair + 1 + twins == pairs)),
            scale_end.eq(group_end & ((place == last_place) | (tile.groups == 1))),
            tile_end.eq(group_end & (tile.groups == 1)),
            codes.take.eq(Mux(fire, size, 0)),
            bank.active.eq(active),
            bank.scale_kind.eq(
                of_shapes(m, config, kind, lambda shape: shape.format.scale.value, "scale_kind")
            ),
            bank.tile_rows.eq(tile.tile_rows),
            bank.drop.eq(scale_end),
            bank.end.eq(tile_end),
            bank.pair.eq(pair),
            decode.raw.eq(codes.piece),
            decode.kind.eq(kind),
            decode.twins.eq(twins),
            skid.input.valid.eq(fire),
            skid.input.payload.codes.eq(decode.codes),
            skid.input.payload.scales.eq(bank.scales),
            skid.input.payload.half.eq(half),
            skid.input.payload.whole.eq(whole),
            skid.input.payload.twins.eq(twins),
            self.info.ready.eq(~active | tile_end),
        ]
        with m.If(fire):
            m.d.sync += half.eq(~unit_end)
        with m.If(unit_end):
            m.d.sync += pair.eq(Mux(group_end, 0, pair + 1 + twins))
        with m.If(group_end):
            m.d.sync += [place.eq(Mux(scale_end, 0, place + 1)), tile.groups.eq(tile.groups - 1)]
        with m.If(self.info.ready):
            m.d.sync += [active.eq(self.info.valid), tile.eq(self.info.payload)]

        if is_sparse(config):
            sparse = of_shapes(m, config, kind, lambda shape: int(shape.format.sparse), "sparse")
            patterns = Gearbox([_PATTERN_BYTES, 2 * _PATTERN_BYTES][: 1 + config.twins])
            m.submodules.patterns = patterns
            m.submodules.indices = indices = Indices(config.twins)
            wiring.connect(m, wiring.flipped(self.patterns), patterns.beats)
            m.d.comb += [
                masked.eq(~sparse | (patterns.level >= 1 + twins)),
                patterns.take.eq(Mux(unit_end & sparse, 1 + twins, 0)),
                Cat(indices.masks, indices.second_masks).eq(patterns.piece),
                indices.twins.eq(twins),
                indices.sparse.eq(sparse),
                indices.whole.eq(whole),
                indices.kept.eq(of_shapes(m, config, kind, lambda shape: shape.kept, "kept")),
                indices.half.eq(half),
                skid.input.payload.selects.eq(indices.selects),
            ]
        else:
            m.d.comb += [masked.eq(1), self.patterns.ready.eq(1)]
        return m
