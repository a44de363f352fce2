"""Deals the beats of a port to its lanes: beat n of a tile belongs to lane n mod (lanes a port)."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from wingbeat.hw.config import BEAT_BITS
from wingbeat.hw.rtl.bus.read_engine import beats_per_word, words_layout


class Deal(wiring.Component):
    """One port's words to its lanes, a beat each.

    A word holds as many beats as the port is wide, and a tile begins at a whole word, so that
    a word goes to neighbouring lanes; the next word goes to the lanes behind them.

    Parameters
    ----------
    port_bits : width of the port
    lanes : lanes of the port; a multiple of the beats of a word

    Attributes
    ----------
    words : stream of words, all of them full
    beats : array of streams of 128 bits, one a lane
    """

    def __init__(self, port_bits: int, lanes: int) -> None:
        self._width = beats_per_word(port_bits)
        self._lanes = lanes
        super().__init__(
            {
                "words": In(stream.Signature(words_layout(port_bits))),
                "beats": Out(stream.Signature(BEAT_BITS)).array(lanes),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Count the turns; a word goes on when each of its lanes takes its beat."""
        m = Module()
        width, turns = self._width, self._lanes // self._width
        turn = Signal(range(turns))
        taken = Signal()
        groups = [self.beats[t * width : (t + 1) * width] for t in range(turns)]
        everyone = Cat(Cat(lane.ready for lane in group).all() for group in groups)
        m.d.comb += taken.eq(self.words.valid & everyone.bit_select(turn, 1))
        m.d.comb += self.words.ready.eq(taken)
        for index, group in enumerate(groups):
            for place, lane in enumerate(group):
                m.d.comb += lane.payload.eq(self.words.payload.data[place])
                m.d.comb += lane.valid.eq(taken & (turn == index))
        with m.If(taken):
            m.d.sync += turn.eq((turn + 1)[: exact_log2(turns)] if turns > 1 else Const(0))
        return m
