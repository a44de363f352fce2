"""The gearbox: from beats of 16 bytes to pieces of another size."""

from __future__ import annotations

import math
from collections.abc import Iterable

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.rtl.lane.sections import SECTION_BEAT


class Gearbox(wiring.Component):
    """A queue of bytes that is filled by beats and emptied by pieces.

    It works in *granules*, the largest number of bytes of which beats and all pieces are multiples:
    if all pieces are whole beats, its shifters vanish. There is room for a beat beside the largest
    piece and a beat, so it never stops taking beats for a piece that is taken in this cycle.

    Parameters
    ----------
    sizes : bytes of the pieces that may be taken

    Attributes
    ----------
    beats : In stream of `SECTION_BEAT`
    piece : Out, the next bytes, as many as the largest piece has
    level : Out, granules that are there
    take : In, granules of the piece that is used up in this cycle; at most `level`
    """

    def __init__(self, sizes: Iterable[int]) -> None:
        self._sizes = sorted(set(sizes))
        self.granule = math.gcd(BEAT_BYTES, *self._sizes)
        self._largest = self._sizes[-1]
        self._granules = (self._largest + 2 * BEAT_BYTES) // self.granule
        super().__init__(
            {
                "beats": In(stream.Signature(SECTION_BEAT)),
                "piece": Out(8 * self._largest),
                "level": Out(range(self._granules + 1)),
                "take": In(range(self._largest // self.granule + 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Move down by what is taken and write a beat behind the rest."""
        m = Module()
        bits = 8 * self.granule
        beat_granules = BEAT_BYTES // self.granule
        content = Signal(bits * self._granules, reset_less=True)
        kept = Signal.like(content)
        rest = Signal(range(self._granules + 1))
        m.d.comb += [
            self.piece.eq(content),
            self.beats.ready.eq(self.level <= self._granules - beat_granules),
            rest.eq(self.level - self.take),
            kept.eq(content),
        ]
        with m.Switch(self.take):
            for size in self._sizes:
                with m.Case(size // self.granule):
                    m.d.comb += kept.eq(content[8 * size :])
        m.d.sync += [self.level.eq(rest), content.eq(kept)]
        with m.If(self.beats.valid & self.beats.ready):
            count = self.beats.payload.bytes[(self.granule - 1).bit_length() :]
            m.d.sync += self.level.eq(rest + count)
            # what does not count of a beat is overwritten by the next one
            with m.Switch(rest):
                for place in range(self._granules - beat_granules + 1):
                    with m.Case(place):
                        there = content[place * bits :][: 8 * BEAT_BYTES]
                        m.d.sync += there.eq(self.beats.payload.data)
        return m
