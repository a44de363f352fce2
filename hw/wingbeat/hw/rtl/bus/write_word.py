"""Bus words out of beats with byte strobes."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2, exact_log2

from wingbeat.hw.config import BEAT_BITS
from wingbeat.hw.rtl.bus.axi import ADDRESS_BITS
from wingbeat.hw.rtl.bus.read_engine import BURST_WORDS


def beat_layout(ports: int) -> data.StructLayout:
    """Return what is written: a beat at an address of a port, and which of its bytes.

    `last` tells that the next beat may be long in coming.
    """
    return data.StructLayout(
        {
            "port": ceil_log2(ports),
            "address": 32,
            "data": BEAT_BITS,
            "strobes": BEAT_BITS // 8,
            "last": 1,
        }
    )


def word_layout(port_bits: int, ports: int) -> data.StructLayout:
    """Return a bus word: address in words of the port; `last` ends its burst."""
    return data.StructLayout(
        {
            "port": ceil_log2(ports),
            "address": ADDRESS_BITS - exact_log2(port_bits // 8),
            "data": port_bits,
            "strobes": port_bits // 8,
            "last": 1,
        }
    )


def _slice_layout(port_bits: int, ports: int) -> data.StructLayout:
    """Return what a beat contributes to one bus word, at `place` in it."""
    bits = min(port_bits, BEAT_BITS)
    return data.StructLayout(
        {
            **{name: field.shape for name, field in word_layout(port_bits, ports)},
            "data": bits,
            "strobes": bits // 8,
            "place": range(port_bits // bits),
        }
    )


class WriteWord(wiring.Component):
    """Merges beats that lie in one bus word, and tells where a burst has to end.

    A word goes on when the next beat lies in another one, or at once behind a beat with `last`. It
    ends its burst if the next word is not its neighbour, or a multiple of `BURST_WORDS`. On a port
    of 64 bits a beat is taken in two cycles.

    Parameters
    ----------
    port_bits, ports : data width of a port, and number of ports

    Attributes
    ----------
    beats : stream of `beat_layout(ports)`
    word : stream of `word_layout(port_bits, ports)`
    empty : nothing is held back
    """

    def __init__(self, port_bits: int, ports: int) -> None:
        self._port_bits = port_bits
        self._slice_layout = _slice_layout(port_bits, ports)
        super().__init__(
            {
                "beats": In(stream.Signature(beat_layout(ports))),
                "word": Out(stream.Signature(word_layout(port_bits, ports))),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Hold one word and look at the next beat."""
        m = Module()
        word = self.word.payload
        piece = Signal(self._slice_layout)
        taken = Signal()
        self._slice(m, piece, taken)
        held = Signal(word.shape(), reset_less=True)
        full, flush = Signal(), Signal()
        same, neighbour = Signal(), Signal()
        following = Signal.like(held.address)
        m.d.comb += [
            following.eq(held.address + 1),
            same.eq((piece.port == held.port) & (piece.address == held.address)),
            neighbour.eq(
                self.beats.valid
                & (piece.port == held.port)
                & (piece.address == following)
                & following[: exact_log2(BURST_WORDS)].any()
            ),
            word.eq(held),
            word.last.eq(flush | ~neighbour),
            self.word.valid.eq(full & (flush | (self.beats.valid & ~same))),
            self.empty.eq(~full),
            taken.eq(self.beats.valid & (~full | (same & ~flush) | self.word.ready)),
        ]
        bits = len(piece.data)
        mask = Cat(strobe.replicate(8) for strobe in piece.strobes)
        merged = (held.data.word_select(piece.place, bits) & ~mask) | (piece.data & mask)
        strobes = piece.strobes << (piece.place * (bits // 8))
        merges = full & same & ~flush
        with m.If(self.word.valid & self.word.ready):
            m.d.sync += [full.eq(0), flush.eq(0)]
        with m.If(taken):
            m.d.sync += [
                full.eq(1),
                flush.eq(piece.last),
                held.port.eq(piece.port),
                held.address.eq(piece.address),
                held.data.word_select(piece.place, bits).eq(merged),
                held.strobes.eq(Mux(merges, held.strobes, 0) | strobes),
            ]
        return m

    def _slice(self, m: Module, piece: Any, taken: Signal) -> None:
        beat = self.beats.payload
        m.d.comb += piece.port.eq(beat.port)
        if self._port_bits < BEAT_BITS:
            upper = Signal()
            m.d.comb += [
                piece.address.eq(Cat(upper, beat.address)),
                piece.data.eq(beat.data.word_select(upper, self._port_bits)),
                piece.strobes.eq(beat.strobes.word_select(upper, self._port_bits // 8)),
                piece.last.eq(beat.last & upper),
                self.beats.ready.eq(taken & upper),
            ]
            with m.If(taken):
                m.d.sync += upper.eq(~upper)
            return
        m.d.comb += [
            Cat(piece.place, piece.address).eq(beat.address),
            piece.data.eq(beat.data),
            piece.strobes.eq(beat.strobes),
            piece.last.eq(beat.last),
            self.beats.ready.eq(taken),
        ]
