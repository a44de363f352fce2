"""AXI bursts as the protocol wants them, in the engines with their real constants."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from tests.formal.case import Bug, Case
from tests.formal.rules import Property, handshakes, hold

from wingbeat.hw.rtl.bus.axi import PAGE_BYTES, Burst
from wingbeat.hw.rtl.bus.read_engine import BURST_WORDS, ReadEngine
from wingbeat.hw.rtl.bus.write_engine import WriteEngine

PORT_BITS = 128


def is_legal(m: Module, channel: Any, port_bits: int) -> None:
    """Assert that a burst is aligned, not too long, and within a page."""
    word = port_bits // 8
    last = Signal(len(channel.addr) + 1)
    m.d.comb += last.eq(channel.addr + channel.len * word)
    with m.If(channel.valid):
        m.d.comb += [
            Assert(channel.addr % word == 0),
            Assert(1 << channel.size == word),
            Assert(channel.burst == Burst.INCR),
            Assert(channel.len < BURST_WORDS),
            Assert(last // PAGE_BYTES == channel.addr // PAGE_BYTES),
        ]
        m.d.comb += Cover((channel.len > 0) & (last[:12] == PAGE_BYTES - word))


class ReadBursts(Property):
    """Bursts of reads are legal, whatever is asked for and whatever comes back."""

    def rules(self, m: Module) -> None:
        """Look at the address channel."""
        is_legal(m, self.unit.bus.ar, PORT_BITS)


class WriteBursts(Property):
    """Bursts of writes are legal; each has its data, and they end where its address says."""

    def rules(self, m: Module) -> None:
        """Count bursts and words: asked for, sent, answered."""
        unit, bus = self.unit, self.unit.bus[0]
        is_legal(m, bus.aw, PORT_BITS)
        for handshake in handshakes(unit):
            hold(m, handshake)
        # beats at both sides of a page's end
        around = unit.beats.payload.address >> 5
        page = PAGE_BYTES // 16 >> 5
        m.d.comb += Assume((around == page) | (around == page - 1))
        asked, ended, answered = (Signal(8, name=name) for name in ("asked", "ended", "answered"))
        lengths, words = Signal(8), Signal(8)  # of bursts asked for, and of data sent
        asks, sends = bus.aw.valid & bus.aw.ready, bus.w.valid & bus.w.ready
        m.d.sync += [
            asked.eq(asked + asks),
            ended.eq(ended + (sends & bus.w.last)),
            answered.eq(answered + bus.b.valid),
            words.eq(words + sends),
        ]
        with m.If(asks):
            m.d.sync += lengths.eq(lengths + bus.aw.len + 1)
        m.d.comb += [
            # an answer comes when address and data have gone
            Assume(~bus.b.valid | ((answered < asked) & (answered < ended))),
            Assert((asked != ended) | (lengths == words) | ~_between_bursts(m, bus.w)),
            Assert(~unit.idle | ((asked == ended) & (asked == answered))),
            Cover(unit.idle & (asked == 2) & (lengths > 2)),
        ]


def _between_bursts(m: Module, w: Any) -> Signal:
    """Return whether the last word that was sent ended its burst."""
    between = Signal(init=1)
    with m.If(w.valid & w.ready):
        m.d.sync += between.eq(w.last)
    return between


# fmt: off
CASES = (
    Case("read bursts", ReadEngine, lambda unit: ReadBursts(unit(PORT_BITS, 32)),
         Bug("Mux(left < to_boundary, left, to_boundary)",
             "Mux(left < BURST_WORDS, left, BURST_WORDS)"), depth=1, cover=6),
    Case("write bursts", WriteEngine, lambda unit: WriteBursts(unit(PORT_BITS)),
         Bug("m.d.sync += begun.eq(~here.last)", "m.d.sync += begun.eq(0)"),
         mode="bmc", depth=8, cover=14, deep=14),
)
# fmt: on
