"""The gearbox: from beats of 16 bytes to pieces of another size."""

from __future__ import annotations

import math
from collections.abc import Iterable

from amaranth.hdl import C, Cat, Module, Signal
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
        self.granule = math.gcd(BEAT_BYTES, *sizes)
        self._largest = max(sizes)
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
        """Shift out what is taken and append a beat behind the rest."""
        m = Module()
        bits = 8 * self.granule
        in_bits = C(0, (bits - 1).bit_length())  # of a number of granules, a power of two of bits
        content = Signal(bits * self._granules, reset_less=True)
        rest = Signal(range(self._granules + 1))
        beat = self.beats.payload
        count = beat.bytes[(self.granule - 1).bit_length() :]
        unused = Signal.like(count)
        m.d.comb += [
            self.piece.eq(content),
            self.beats.ready.eq(self.level <= (self._largest + BEAT_BYTES) // self.granule),
            rest.eq(self.level - self.take),
            unused.eq(BEAT_BYTES // self.granule - count),
        ]
        kept = Signal.like(content)
        valid = Signal(8 * BEAT_BYTES)
        m.d.comb += [
            kept.eq(content >> Cat(in_bits, self.take)),
            valid.eq(C(-1, 8 * BEAT_BYTES).as_unsigned() >> Cat(in_bits, unused)),
        ]
        m.d.sync += [self.level.eq(rest), content.eq(kept)]
        with m.If(self.beats.valid & self.beats.ready):
            # nothing but zeros lies behind the rest
            m.d.sync += [
                self.level.eq(rest + count),
                content.eq(kept | ((beat.data & valid) << Cat(in_bits, rest))),
            ]
        return m
