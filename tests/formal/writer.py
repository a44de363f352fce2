"""What is written is there when the AXI writer is idle: of one byte, any of them."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from amaranth.lib import data
from amaranth.lib.fifo import SyncFIFO
from tests.formal.case import Bug, Case
from tests.formal.rules import Property, forever, handshakes, hold

from wingbeat.hw.rtl.bus.write_engine import WriteEngine

WIDTH = 2
"""Beats of a bus word."""

BURST = data.StructLayout({"word": 35, "length": 8})


class Writes(Property):
    """Beats in, bursts out, to one port; the last beat that writes the byte wins."""

    def __init__(self, unit: Any) -> None:
        super().__init__(unit)
        self._address = self.choose(32, "address")  # of a beat
        self._place = self.choose(4, "place")  # of a byte in it

    def rules(self, m: Module) -> None:
        """Follow the byte on its way in and on its way out."""
        unit, bus = self.unit, self.unit.bus[0]
        for handshake in handshakes(unit):
            hold(m, handshake)
        address = forever(m, self._address, "address")
        place = forever(m, self._place, "place")
        beat, beats = unit.beats.payload, Signal(8)
        written, wanted, found = Signal(), Signal(8), Signal(8)
        with m.If(unit.beats.valid & unit.beats.ready):
            m.d.sync += beats.eq(beats + 1)
            with m.If((beat.address == address) & beat.strobes.bit_select(place, 1)):
                m.d.sync += [written.eq(1), wanted.eq(beat.data.word_select(place, 8))]

        m.submodules.bursts = bursts = SyncFIFO(width=BURST.size, depth=4)
        asked, head = BURST(bursts.w_data), BURST(bursts.r_data)
        done, complete = Signal(8), Signal(8)
        m.d.comb += [
            asked.word.eq(bus.aw.addr >> 5),
            asked.length.eq(bus.aw.len),
            bursts.w_en.eq(bus.aw.valid & bus.aw.ready),
            Assume(bursts.w_rdy | ~bus.aw.ready),
            Assume(bursts.r_rdy | ~bus.w.ready),  # this memory wants the address first
            Assume((complete != 0) | ~bus.b.valid),
        ]
        ends = Signal()
        with m.If(bus.w.valid & bus.w.ready):
            m.d.comb += [ends.eq(done == head.length), Assert(bus.w.last == ends)]
            m.d.sync += done.eq(done + 1)
            with m.If(ends):
                m.d.comb += bursts.r_en.eq(1)
                m.d.sync += done.eq(0)
            byte = (address[0] << 4) + place
            here = (head.word + done)[:35] == address >> 1
            with m.If(here & bus.w.strb.bit_select(byte, 1)):
                m.d.sync += found.eq(bus.w.data.word_select(byte, 8))
        m.d.comb += [Assume(beat.address < 32), Assume(~unit.stop)]
        m.d.sync += complete.eq(complete + ends - bus.b.valid)
        m.d.comb += [
            Assert(~(unit.idle & written) | (found == wanted)),
            Cover(unit.idle & written & (beats > 2)),
        ]


# fmt: off
CASES = (
    Case("written data", WriteEngine, lambda unit: Writes(unit(128 * WIDTH)),
         Bug("self.idle.eq(word.empty & (pending == 0))", "self.idle.eq(pending == 0)"),
         mode="bmc", depth=8, cover=14, deep=14),
)
# fmt: on
