"""Groups of coded weights to FP32, one element a cycle."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import C, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.config import BEAT_BITS
from wingbeat.hw.formats import GROUP, ScaleKind, WeightFormat
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.adder import Adder
from wingbeat.hw.rtl.fp32.format import BIAS, FRACTION_BITS, WIDTH
from wingbeat.hw.rtl.fp32.multiplier import ScaleMultiplier
from wingbeat.hw.rtl.fp32.normalise import normalise
from wingbeat.hw.rtl.memory.ports import QUAD
from wingbeat.hw.rtl.transfer.half import HALF_BITS, decode_half
from wingbeat.hw.rtl.transfer.records import HALF_BEAT_BYTES

GROUP_PLACE = data.StructLayout({"scale": 3, "upper": 1})
"""Which half of its beat the scale is, and whether the codes begin in the upper half beat."""

_HALF_BEAT = 8 * HALF_BEAT_BYTES
_ONE = BIAS << FRACTION_BITS
_MINUS_ZERO = 1 << (WIDTH - 1)
_MAGNITUDE_BITS = 8


class DecodeGroups(wiring.Component):
    """Computes `code * scale + minimum` for the 32 columns of group after group of one row.

    A group comes as one beat with the scale, unless the format has none, then the beats with the
    codes of its row pair. It is done when its last quad has been taken.

    Parameters
    ----------
    formats : dense formats

    Attributes
    ----------
    format : index of the format
    odd : whether the row is the second of its pair
    places : stream of `GROUP_PLACE`, one a group
    beats : stream of 128 bits
    quads : stream of 4 FP32 words
    """

    def __init__(self, formats: Sequence[WeightFormat]) -> None:
        self._formats = formats
        super().__init__(
            {
                "format": In(ceil_log2(len(formats))),
                "odd": In(1),
                "places": In(stream.Signature(GROUP_PLACE)),
                "beats": In(stream.Signature(BEAT_BITS)),
                "quads": Out(stream.Signature(QUAD * WIDTH)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Collect a group's codes, compute its elements, wait until they are gone."""
        m = Module()
        place, beats = self.places.payload, self.beats
        largest = max(weights.bits for weights in self._formats)
        codes = Signal(_HALF_BEAT * largest, reset_less=True)
        scale = Signal(WIDTH, reset_less=True)
        minimum = Signal(WIDTH, reset_less=True)
        upper = Signal()
        count = Signal(range(GROUP))
        gone = Signal(range(GROUP // QUAD))
        code = Signal(signed(9), reset_less=True)
        valid = Signal()
        bits = Signal(range(9))
        kind = Signal(ScaleKind)
        for index, weights in enumerate(self._formats):
            with m.If(self.format == index):
                m.d.comb += [bits.eq(weights.bits), kind.eq(weights.scale)]
        here = beats.payload.word_select(place.scale, HALF_BITS)
        behind = beats.payload.word_select((place.scale + 1)[:3], HALF_BITS)
        scale_word = decode_half(m, here, name="scale_half")
        minimum_word = decode_half(m, behind, name="minimum_half")
        taken = self.quads.valid & self.quads.ready
        with m.If(taken):
            m.d.sync += gone.eq(gone + 1)
        m.d.sync += valid.eq(0)
        with m.FSM():
            with m.State("IDLE"), m.If(self.places.valid):
                m.d.sync += [scale.eq(_ONE), minimum.eq(_MINUS_ZERO), upper.eq(place.upper)]
                m.next = "SCALE"
                with m.If(kind == ScaleKind.NONE):
                    m.next = "CODES"
            with m.State("SCALE"):
                m.d.comb += beats.ready.eq(1)
                with m.If(beats.valid):
                    m.d.sync += scale.eq(scale_word)
                    with m.If(kind == ScaleKind.SCALE_MIN):
                        m.d.sync += minimum.eq(minimum_word)
                    m.next = "CODES"
            with m.State("CODES"), m.If(beats.valid):
                final = count + 1 == bits
                m.d.comb += beats.ready.eq(upper | final)
                half = beats.payload.word_select(upper, _HALF_BEAT)
                m.d.sync += [codes.eq(Cat(codes, half)[_HALF_BEAT:]), upper.eq(~upper)]
                m.d.sync += count.eq(count + 1)
                with m.If(final):
                    m.d.sync += count.eq(0)
                    m.next = "ELEMENTS"
            with m.State("ELEMENTS"):
                m.d.sync += [valid.eq(1), count.eq(count + 1)]
                self._extract(m, codes, code, largest)
                with m.If(count == GROUP - 1):
                    m.next = "DRAIN"
            with m.State("DRAIN"), m.If(taken & (gone == GROUP // QUAD - 1)):
                m.d.comb += self.places.ready.eq(1)
                m.next = "IDLE"
        self._compute(m, code, valid, scale, minimum)
        return m

    def _extract(self, m: Module, codes: Signal, code: Signal, largest: int) -> None:
        """Take the next code of the row; codes of the pair alternate, lowest first."""
        for index, weights in enumerate(self._formats):
            bits = weights.bits
            # codes were shifted in from the top
            low = _HALF_BEAT * (largest - bits)
            raw = Mux(self.odd, codes[low + bits : low + 2 * bits], codes[low : low + bits])
            with m.If(self.format == index):
                m.d.sync += codes.eq(codes >> (2 * bits))
                if weights.scale is ScaleKind.SCALE_MIN:
                    m.d.sync += code.eq(raw)
                elif bits == 8:
                    m.d.sync += code.eq(Mux(raw == 0x80, -127, raw.as_signed()))
                else:
                    m.d.sync += code.eq(raw.as_signed())

    def _compute(
        self, m: Module, code: Signal, valid: Signal, scale: Signal, minimum: Signal
    ) -> None:
        """`code * scale + minimum`, with -0 for no minimum: that changes no sum."""
        m.submodules.multiplier = multiplier = ScaleMultiplier()
        m.submodules.adder = adder = Adder()
        negative = code < 0
        magnitude = Signal(_MAGNITUDE_BITS)
        m.d.comb += magnitude.eq(Mux(negative, -code, code))
        shifted, zeros = normalise(m, magnitude, name="code")
        fraction = Cat(C(0, FRACTION_BITS - _MAGNITUDE_BITS + 1), shifted[:-1])
        exponent = Signal(8)
        m.d.comb += exponent.eq(Mux(magnitude == 0, 0, BIAS + _MAGNITUDE_BITS - 1 - zeros))
        m.d.comb += [
            multiplier.a.eq(Cat(fraction, exponent, negative)),
            multiplier.b.eq(scale),
            adder.a.eq(multiplier.product),
            adder.b.eq(minimum),
        ]
        latency = ScaleMultiplier.LATENCY + Adder.LATENCY
        arrives = delay(m, valid, latency, name="valid", reset_less=False)
        m.submodules.results = results = SyncFIFOBuffered(
            width=QUAD * WIDTH, depth=GROUP // QUAD + 1
        )
        quad = Signal(QUAD * WIDTH, reset_less=True)
        position = Signal(range(QUAD))
        m.d.comb += [
            results.w_data.eq(Cat(quad, adder.sum)[WIDTH:]),
            results.w_en.eq(arrives & (position == QUAD - 1)),
            self.quads.payload.eq(results.r_data),
            self.quads.valid.eq(results.r_rdy),
            results.r_en.eq(self.quads.ready),
        ]
        with m.If(arrives):
            m.d.sync += [quad.eq(results.w_data), position.eq(position + 1)]
