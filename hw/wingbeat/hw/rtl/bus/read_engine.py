"""Reads runs of beats from one AXI port, several bursts at a time."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2, exact_log2

from wingbeat.hw.config import BEAT_BITS
from wingbeat.hw.rtl.bus.axi import ADDRESS_BITS, Axi4Read, Burst, is_error

BURST_WORDS = 16
"""Bursts end at multiples of this, so they never cross a page (16 words of 512 bits are 1 KiB)."""

REQUESTS = 8
"""Requests whose words may be under way at a time."""

REQUEST = data.StructLayout({"address": 32, "beats": 24})
"""Beats to read, at least one: first beat of 128 bits, and how many."""


def beats_per_word(port_bits: int) -> int:
    """Beats that a port delivers at most in a cycle."""
    return max(1, port_bits // BEAT_BITS)


def words_layout(port_bits: int) -> data.StructLayout:
    """Return the payload of a response: `count` beats in `data`, the first in `data[0]`."""
    width = beats_per_word(port_bits)
    return data.StructLayout(
        {"data": data.ArrayLayout(BEAT_BITS, width), "count": range(width + 1), "last": 1}
    )


class ReadEngine(wiring.Component):
    """Turns requests for beats into bursts and their data into beats, in order.

    A burst is asked for only if there is room for all its words: the bus never waits for the
    consumer. Every response carries as many beats as its bus word holds for the request; only the
    first and the last of a request are shorter. Requests follow each other without a gap.

    Parameters
    ----------
    port_bits : data width of the port
    words : bus words under way or stored; 128 keep the port busy at a latency of 100 cycles

    Attributes
    ----------
    request : stream of `REQUEST`
    response : stream of `words_layout(port_bits)`; `last` with the last beat of a request
    bus : the read half of an AXI port, without ids
    error : pulse, a word came with an error response
    """

    def __init__(self, port_bits: int, words: int = 128) -> None:
        self._port_bits = port_bits
        self._words = words
        super().__init__(
            {
                "request": In(stream.Signature(REQUEST)),
                "response": Out(stream.Signature(words_layout(port_bits))),
                "bus": Out(Axi4Read(port_bits)),
                "error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Bursts go out, words come back."""
        m = Module()
        m.submodules.words = words = SyncFIFOBuffered(width=self._port_bits, depth=self._words)
        m.submodules.requests = requests = SyncFIFOBuffered(width=REQUEST.size, depth=REQUESTS)
        taken = Signal()
        self._ask(m, requests, taken)
        r = self.bus.r
        m.d.comb += [
            words.w_data.eq(r.data),
            words.w_en.eq(r.valid),
            r.ready.eq(words.w_rdy),
            self.error.eq(r.valid & r.ready & is_error(r.resp)),
        ]
        self._answer(m, words, requests, taken)
        return m

    def _ask(self, m: Module, requests: SyncFIFOBuffered, taken: Signal) -> None:
        """Cut the current request into bursts, as far as there is room for their words."""
        request, ar = self.request, self.bus.ar
        size = exact_log2(self._port_bits // 8)
        address = Signal(ADDRESS_BITS - size, reset_less=True)
        left = Signal(REQUEST["beats"].width + 2)
        room = Signal(range(self._words + 1), init=self._words)
        length = Signal(range(BURST_WORDS + 1))
        to_boundary = Signal(range(BURST_WORDS + 1))
        asked = Signal()

        width = beats_per_word(self._port_bits)
        payload = request.payload
        if self._port_bits < BEAT_BITS:
            first, count = payload.address << 1, payload.beats << 1
        else:
            offset = payload.address[: exact_log2(width)]
            first = payload.address >> exact_log2(width)
            count = (payload.beats + offset + (width - 1)) >> exact_log2(width)
        m.d.comb += [
            request.ready.eq((left == 0) & requests.w_rdy),
            requests.w_en.eq(request.valid & request.ready),
            requests.w_data.eq(payload.as_value()),
            to_boundary.eq(BURST_WORDS - address[: exact_log2(BURST_WORDS)]),
            length.eq(Mux(left < to_boundary, left, to_boundary)),
            ar.valid.eq((left != 0) & (room >= length)),
            ar.addr.eq(address << size),
            ar.len.eq((length - 1)[: exact_log2(BURST_WORDS)]),
            ar.size.eq(size),
            ar.burst.eq(Burst.INCR),
            asked.eq(ar.valid & ar.ready),
        ]
        m.d.sync += room.eq(room + taken - Mux(asked, length, 0))
        with m.If(asked):
            m.d.sync += [address.eq(address + length), left.eq(left - length)]
        with m.If(request.valid & request.ready):
            m.d.sync += [address.eq(first), left.eq(count)]

    def _answer(
        self, m: Module, words: SyncFIFOBuffered, requests: SyncFIFOBuffered, taken: Signal
    ) -> None:
        """Hand the words of the oldest request out as beats."""
        response = self.response
        width = beats_per_word(self._port_bits)
        left = Signal(REQUEST["beats"].width)
        offset = Signal(ceil_log2(width), reset_less=True)
        here = Signal(range(width + 1))
        final = Signal()
        request = data.View(REQUEST, requests.r_data)
        given, free = Signal(), Signal()
        m.d.comb += [
            given.eq(response.valid & response.ready),
            free.eq((left == 0) | (given & final)),
            requests.r_en.eq(free),
            final.eq(left + offset <= width),
            here.eq(Mux(final, left, width - offset)),
            response.payload.count.eq(here),
            response.payload.last.eq(final),
            words.r_en.eq(taken),
        ]
        with m.If(given):
            m.d.sync += [left.eq(left - here), offset.eq(0)]
        with m.If(free & requests.r_rdy):
            m.d.sync += [left.eq(request.beats), offset.eq(request.address)]
        if self._port_bits >= BEAT_BITS:
            m.d.comb += [
                response.valid.eq(words.r_rdy & (left != 0)),
                taken.eq(response.valid & response.ready),
            ]
            with m.Switch(offset):
                for beat in range(width):
                    with m.Case(beat):
                        m.d.comb += response.payload.data.eq(words.r_data[beat * BEAT_BITS :])
            return
        low = Signal(self._port_bits, reset_less=True)
        second = Signal()
        m.d.comb += [
            response.payload.data.eq(Cat(low, words.r_data)),
            response.valid.eq(words.r_rdy & second),
            taken.eq(words.r_rdy & (~second | response.ready)),
        ]
        with m.If(taken):
            m.d.sync += [low.eq(words.r_data), second.eq(~second)]
