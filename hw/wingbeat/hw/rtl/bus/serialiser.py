"""One beat at a time out of responses that hold several."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import BEAT_BITS
from wingbeat.hw.rtl.bus.read_engine import beats_per_word, words_layout


class Serialiser(wiring.Component):
    """Hands out the beats of each response, one a cycle, without a register.

    Parameters
    ----------
    port_bits : data width of the port that is read

    Attributes
    ----------
    words : stream, as `ReadEngine.response`
    beats : stream of 128 bits
    """

    def __init__(self, port_bits: int) -> None:
        self._width = beats_per_word(port_bits)
        super().__init__(
            {
                "words": In(stream.Signature(words_layout(port_bits))),
                "beats": Out(stream.Signature(BEAT_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """An index into the present response."""
        m = Module()
        words, beats = self.words, self.beats
        index = Signal(range(self._width))
        last = Signal()
        m.d.comb += [
            beats.payload.eq(words.payload.data[index]),
            beats.valid.eq(words.valid),
            last.eq(index + 1 == words.payload.count),
            words.ready.eq(beats.ready & last),
        ]
        with m.If(beats.valid & beats.ready):
            m.d.sync += index.eq(index + 1)
            with m.If(last):
                m.d.sync += index.eq(0)
        return m
