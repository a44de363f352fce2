"""The AXI reader brings what was asked for: in order, in full, and never more than it can store.

Every beat of the memory holds its own address, so that data say where they are from.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from amaranth.lib import data
from amaranth.lib.fifo import SyncFIFO
from tests.formal.case import Bug, Case
from tests.formal.rules import Property, handshakes, hold

from wingbeat.hw.rtl.bus.read_engine import REQUEST, ReadEngine

WIDTH = 2
"""Beats of a bus word."""

WORDS = 8
"""Words that the engine stores."""

BURST = data.StructLayout({"address": 32, "left": 9})
"""First beat, and words left."""


class Reads(Property):
    """Requests in, bursts out; words in, beats out."""

    def rules(self, m: Module) -> None:
        """Put a memory at one side, and a list of what was asked for at the other."""
        for handshake in handshakes(self.unit):
            hold(m, handshake)
        self._memory(m, self.unit.bus)
        self._consumer(m, self.unit.request, self.unit.response)

    def _memory(self, m: Module, bus: Any) -> None:
        """Answer bursts in order, whenever it likes."""
        m.submodules.bursts = bursts = SyncFIFO(width=BURST.size, depth=4)
        head, asked = BURST(bursts.r_data), BURST(bursts.w_data)
        done = Signal(9)
        m.d.comb += [
            asked.address.eq(bus.ar.addr >> 4),
            asked.left.eq(bus.ar.len + 1),
            bursts.w_en.eq(bus.ar.valid & bus.ar.ready),
            Assume(bursts.w_rdy | ~bus.ar.ready),
            Assume(bursts.r_rdy | ~bus.r.valid),
            Assert(bus.r.ready | ~bus.r.valid),  # there is room for all that was asked for
        ]
        for index in range(WIDTH):
            beat = bus.r.data.word_select(index, 128)
            address = (head.address + done * WIDTH + index)[:32]
            m.d.comb += Assume(~bus.r.valid | (beat == address))
        with m.If(bus.r.valid & bus.r.ready):
            m.d.sync += done.eq(done + 1)
            with m.If(done + 1 == head.left):
                m.d.sync += done.eq(0)
                m.d.comb += bursts.r_en.eq(1)

    def _consumer(self, m: Module, request: Any, response: Any) -> None:
        """Compare beats with the oldest request."""
        m.submodules.wanted = wanted = SyncFIFO(width=REQUEST.size, depth=4)
        head = REQUEST(wanted.r_data)
        given = Signal(24)
        payload = response.payload
        m.d.comb += [
            # all alignments, and a few bursts: it finds the same bugs sooner
            Assume((request.payload.beats != 0) & (request.payload.beats < 16)),
            Assume(request.payload.address < 32),
            wanted.w_data.eq(request.payload.as_value()),
            wanted.w_en.eq(request.valid & request.ready),
            Assume(wanted.w_rdy | ~request.valid),
        ]
        with m.If(response.valid):
            m.d.comb += [
                Assert(wanted.r_rdy),
                Assert((payload.count > 0) & (given + payload.count <= head.beats)),
                Assert(payload.last == (given + payload.count == head.beats)),
            ]
            for index in range(WIDTH):
                address = (head.address + given + index)[:32]
                there = index < payload.count
                m.d.comb += Assert(~there | (payload.data[index] == address))
        with m.If(response.valid & response.ready):
            m.d.sync += given.eq(given + payload.count)
            with m.If(payload.last):
                m.d.comb += [wanted.r_en.eq(1), Cover((given > 2) & (wanted.level > 1))]
                m.d.sync += given.eq(0)


# fmt: off
CASES = (
    Case("read data", ReadEngine, lambda unit: Reads(unit(128 * WIDTH, WORDS)),
         Bug("m.d.sync += [left.eq(left - here), offset.eq(0)]",
             "m.d.sync += left.eq(left - here)"),
         mode="bmc", depth=8, cover=12, deep=14, scaled={"BURST_WORDS": 4, "REQUESTS": 2}),
)
# fmt: on
