"""The quantiser's arithmetic: a group's scale, and a scaled element's code."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from wingbeat.hw.arithmetic.quantise import LARGEST_CODE, QUIET_LIMIT
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import (
    BIAS,
    FRACTION_BITS,
    LARGEST_FIELD,
    NAN_BITS,
    SIGNIFICAND_BITS,
    WIDTH,
    fields,
    significand,
)
from wingbeat.hw.rtl.fp32.multiplier import Multiplier, ScaleMultiplier

ONE_127TH = int(np.float32(1 / LARGEST_CODE).view(np.uint32))
_QUIET = int(QUIET_LIMIT.view(np.uint32))
_KEPT = ScaleMultiplier.B_BITS - 1  # fraction bits of a scale
_DROPPED = FRACTION_BITS - _KEPT


class ScaleOf(wiring.Component):
    """`arithmetic.quantise.scale_of`, and the correctly rounded inverse of the scale.

    Attributes
    ----------
    largest : In(32), the group's largest magnitude
    scale : Out(32), `LATENCY` cycles later
    inverse : Out(32), as late; 0 for a scale of 0 or NaN, whose group has no codes
    """

    LATENCY = Multiplier.LATENCY + 3

    def __init__(self) -> None:
        super().__init__({"largest": In(WIDTH), "scale": Out(WIDTH), "inverse": Out(WIDTH)})

    def elaborate(self, platform: object) -> Module:
        """Divide by 127, round up, look the inverse significand up, put the inverse together."""
        m = Module()
        m.submodules.multiplier = multiplier = Multiplier()
        m.d.comb += [multiplier.a.eq(self.largest), multiplier.b.eq(ONE_127TH)]
        poison = fields(self.largest).exponent == LARGEST_FIELD
        quiet = self.largest[:-1] < _QUIET
        poison = delay(m, poison, Multiplier.LATENCY, name="poison")
        quiet = delay(m, quiet, Multiplier.LATENCY, name="quiet")

        # 4: up to 11 bits of significand
        rounded = Cat(C(0, _DROPPED), (multiplier.product + (1 << _DROPPED) - 1)[_DROPPED:WIDTH])
        scale = delay(
            m,
            Mux(poison, C(NAN_BITS, WIDTH), Mux(quiet, 0, rounded))[:WIDTH],
            1,
            name="scale",
        )
        none = delay(m, poison | quiet, 2, name="none")

        # 5: the inverse of each significand but 1 is in (1/2, 1)
        significands = np.float32(1) + np.arange(1 << _KEPT, dtype=np.float32) / (1 << _KEPT)
        inverses = (np.float32(1) / significands).view(np.uint32) & ((1 << FRACTION_BITS) - 1)
        m.submodules.rom = rom = Memory(
            shape=unsigned(FRACTION_BITS), depth=1 << _KEPT, init=[int(word) for word in inverses]
        )
        port = rom.read_port()
        index = fields(scale).fraction[_DROPPED:]
        m.d.comb += port.addr.eq(index)
        exponent = Signal(8, reset_less=True)
        m.d.sync += exponent.eq(2 * BIAS - fields(scale).exponent - index.any())

        # 6
        inverse = Mux(none, 0, Cat(port.data, exponent))
        m.d.comb += [
            self.inverse.eq(delay(m, inverse, 1, name="inverse")),
            self.scale.eq(delay(m, scale, 2, name="scale_out")),
        ]
        return m


_TOP = BIAS + LARGEST_CODE.bit_length() - 1  # exponent field of the largest codes
_CODE_BITS = LARGEST_CODE.bit_length() + 1
_BELOW_HALF = 8  # places by which the significand of a number below 1/2 is shifted, at least


class ToCode(wiring.Component):
    """An element times the inverse scale to its code, rounded half to even.

    Attributes
    ----------
    value : In(32), magnitude below 127.5; NaN, which a poisoned group may have, counts as 0
    code : Out(signed(8)), `LATENCY` cycles later
    """

    LATENCY = 2

    def __init__(self) -> None:
        super().__init__({"value": In(WIDTH), "code": Out(signed(_CODE_BITS))})

    def elaborate(self, platform: object) -> Module:
        """Shift to fixed point, round: a cycle each."""
        m = Module()
        field = fields(self.value).exponent
        distance = Mux(field < _TOP - _BELOW_HALF, _BELOW_HALF, _TOP - field)[:4]
        digits = Mux(field == LARGEST_FIELD, 0, significand(self.value))
        fixed = Signal(SIGNIFICAND_BITS + _BELOW_HALF, reset_less=True)
        m.d.sync += fixed.eq(Cat(C(0, _BELOW_HALF), digits) >> distance)
        sign = delay(m, fields(self.value).sign, 1, name="sign")

        whole, half, rest = fixed[1 - _CODE_BITS :], fixed[-_CODE_BITS], fixed[:-_CODE_BITS]
        rounded = Signal(_CODE_BITS)
        m.d.comb += rounded.eq(whole + (half & (rest.any() | whole[0])))
        code = delay(m, Mux(sign, -rounded, rounded), 1, name="code")
        m.d.comb += self.code.eq(code)
        return m
