"""The unit register: what all steps of one group of a row pair work on."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.lane.assembler import slot_layout
from wingbeat.hw.rtl.lane.decode import CODES
from wingbeat.hw.rtl.lane.indices import SELECTS
from wingbeat.hw.rtl.lane.scale_bank import SCALE

HALF = data.StructLayout({"codes": CODES, "selects": SELECTS})


def unit_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Return the layout of a group of 32 columns of a row pair.

    If `whole`, all of it is in the first half; if `twins`, that of two row pairs.
    """
    return data.StructLayout(
        {
            "halves": data.ArrayLayout(HALF, 2),
            "scales": data.ArrayLayout(SCALE, 2 * (1 + config.twins)),
            "whole": 1,
            "twins": 1,
        }
    )


class UnitRegister(wiring.Component):
    """Holds one unit; the first half of the next one waits beside it.

    Attributes
    ----------
    slots : In stream of `slot_layout`
    unit : Out of `unit_layout`
    ready : Out(1), there is a unit
    advance : In(1), the unit is used for the last time in this cycle
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        super().__init__(
            {
                "slots": In(stream.Signature(slot_layout(config))),
                "unit": Out(unit_layout(config)),
                "ready": Out(1),
                "advance": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Collect halves; a whole unit, or a second half, needs the register to be free."""
        m = Module()
        slot = self.slots.payload
        part = Signal(HALF)
        first = Signal(HALF, reset_less=True)
        free, complete = Signal(), Signal()
        m.d.comb += [
            part.codes.eq(slot.codes),
            part.selects.eq(slot.selects),
            free.eq(~self.ready | self.advance),
            complete.eq(slot.half | slot.whole),
            self.slots.ready.eq(free | ~complete),
        ]
        with m.If(self.slots.valid & ~complete):
            m.d.sync += first.eq(part)
        with m.If(free):
            m.d.sync += self.ready.eq(self.slots.valid & complete)
            m.d.sync += [
                self.unit.halves[1].eq(part),
                self.unit.scales.eq(slot.scales),
                self.unit.whole.eq(slot.whole),
                self.unit.twins.eq(slot.twins),
            ]
            with m.If(slot.whole):
                m.d.sync += self.unit.halves[0].eq(part)
            with m.Else():
                m.d.sync += self.unit.halves[0].eq(first)
        return m
