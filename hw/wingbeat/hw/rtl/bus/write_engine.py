"""Writes beats to AXI ports, neighbours together, and counts the answers."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2, exact_log2

from wingbeat.hw.rtl.bus.axi import Axi4Write, Burst, is_error
from wingbeat.hw.rtl.bus.read_engine import BURST_WORDS
from wingbeat.hw.rtl.bus.write_word import WriteWord, beat_layout

BURSTS = 8
"""Bursts whose address may wait for its port."""

OUTSTANDING = 63
"""Bursts that may wait for their answer."""


class WriteEngine(wiring.Component):
    """Sends beats, each with its port and address, as bursts of whole bus words.

    Beats of one bus word are merged into it, and consecutive words into a burst of at most
    `BURST_WORDS`; a beat with `last` ends both. A burst is offered when all its data are here, its
    address and its data independently of each other. Writes to one port are made in order.

    While `stop` is high no beat is taken. Bursts whose data are complete are written and answered;
    what is left of the others is then forgotten.

    Parameters
    ----------
    port_bits : data width of a port
    ports : number of ports

    Attributes
    ----------
    beats : stream of `beat_layout(ports)`; whoever stops sending marks its last beat with `last`
    stop : whoever sends is in reset
    idle : all that was taken has been written and answered, or forgotten
    error : pulse, a write was answered with an error
    bus : the write halves of all ports, without ids
    """

    def __init__(self, port_bits: int, ports: int = 1) -> None:
        self._port_bits = port_bits
        self._ports = ports
        super().__init__(
            {
                "beats": In(stream.Signature(beat_layout(ports))),
                "stop": In(1),
                "idle": Out(1),
                "error": Out(1),
                "bus": Out(Axi4Write(port_bits)).array(ports),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Words, bursts, answers."""
        m = Module()
        word = WriteWord(self._port_bits, self._ports)
        taken = Signal()
        closed = Signal()
        answered = Signal(range(self._ports + 1))
        pending = Signal(range(OUTSTANDING + 1))
        forget = Signal()
        m.submodules.word = ResetInserter(forget)(word)
        m.d.comb += [
            word.beats.payload.eq(self.beats.payload),
            word.beats.valid.eq(self.beats.valid & ~self.stop),
            self.beats.ready.eq(word.beats.ready & ~self.stop),
            closed.eq(taken & word.word.payload.last),
            self.idle.eq(word.empty & (pending == 0)),
            forget.eq(self.stop & (pending == 0)),
        ]
        m.d.sync += pending.eq(pending + closed - answered)
        room = (pending != OUTSTANDING) & ~self.stop
        self._send_data(m, word, taken, closed, room, forget)
        self._answers(m, answered)
        return m

    def _send_data(
        self,
        m: Module,
        word: WriteWord,
        taken: Signal,
        closed: Signal,
        room: Any,
        forget: Signal,
    ) -> None:
        """Store words until their burst is complete, then offer its address and its data."""
        address_layout = data.StructLayout(
            {
                "port": ceil_log2(self._ports),
                "address": word.word.payload.address.shape(),
                "length": exact_log2(BURST_WORDS),
            }
        )
        layout = word.word.payload.shape()
        words = SyncFIFOBuffered(width=layout.size, depth=2 * BURST_WORDS)
        m.submodules.words = ResetInserter(forget)(words)
        m.submodules.bursts = bursts = SyncFIFOBuffered(width=address_layout.size, depth=BURSTS)
        here = word.word.payload
        start = Signal.like(here.address, reset_less=True)
        begun = Signal()
        first = Mux(begun, start, here.address)
        complete = Signal(range(2 * BURST_WORDS + 1))
        sent = Signal()
        burst = data.View(address_layout, bursts.r_data)
        out = data.View(layout, words.r_data)
        m.d.comb += [
            word.word.ready.eq(words.w_rdy & bursts.w_rdy & room),
            taken.eq(word.word.valid & word.word.ready),
            words.w_en.eq(taken),
            words.w_data.eq(here.as_value()),
            bursts.w_en.eq(closed),
            # bursts end at multiples of their largest length: the low bits tell the length
            bursts.w_data.eq(
                Cat(
                    here.port,
                    first,
                    (here.address - first)[: exact_log2(BURST_WORDS)],
                )
            ),
        ]
        with m.If(taken):
            m.d.sync += begun.eq(~here.last)
            with m.If(~begun):
                m.d.sync += start.eq(here.address)
        with m.If(forget):
            m.d.sync += begun.eq(0)
        m.d.comb += sent.eq(words.r_en & words.r_rdy & out.last)
        m.d.sync += complete.eq(complete + closed - sent)
        size = exact_log2(self._port_bits // 8)
        for index, bus in enumerate(self.bus):
            m.d.comb += [
                bus.aw.valid.eq(bursts.r_rdy & (burst.port == index)),
                bus.aw.addr.eq(burst.address << size),
                bus.aw.len.eq(burst.length),
                bus.aw.size.eq(size),
                bus.aw.burst.eq(Burst.INCR),
                bus.w.valid.eq(words.r_rdy & (complete != 0) & (out.port == index)),
                bus.w.data.eq(out.data),
                bus.w.strb.eq(out.strobes),
                bus.w.last.eq(out.last),
            ]
            with m.If(bus.aw.valid & bus.aw.ready):
                m.d.comb += bursts.r_en.eq(1)
            with m.If(bus.w.valid & bus.w.ready):
                m.d.comb += words.r_en.eq(1)

    def _answers(self, m: Module, answered: Signal) -> None:
        channels = [bus.b for bus in self.bus]
        m.d.comb += [channel.ready.eq(1) for channel in channels]
        m.d.comb += [
            answered.eq(sum(channel.valid for channel in channels)),
            self.error.eq(
                Cat(channel.valid & is_error(channel.resp) for channel in channels).any()
            ),
        ]
