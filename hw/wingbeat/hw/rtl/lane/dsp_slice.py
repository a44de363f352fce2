"""A DSP slice with pre-adder, multiplier and cascade."""

from __future__ import annotations

from amaranth.hdl import C, Cat, ClockSignal, Instance, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import Multiplier
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.packing import packing_of

CASCADE_BITS = 48


def _slice_signature() -> wiring.Signature:
    return wiring.Signature(
        {
            "low": In(signed(8)),
            "high": In(signed(8)),
            "factor": In(signed(8)),
            "cascade_in": In(signed(CASCADE_BITS)),
            "cascade_out": Out(signed(CASCADE_BITS)),
        }
    )


class DspSlice(wiring.Component):
    """What a slice computes, register by register.

    Attributes
    ----------
    low, high : In, the packed codes
    factor : In, what both are multiplied by
    cascade_in : In, taken `LATENCY` - 1 cycles after the codes it is added to
    cascade_out : Out, `LATENCY` cycles after the codes
    """

    LATENCY = 4

    def __init__(self, multiplier: Multiplier) -> None:
        self._shift = packing_of(multiplier).shift
        super().__init__(_slice_signature())

    def elaborate(self, platform: object) -> Module:
        """Input registers, pre-adder, multiplier, adder: a register each."""
        m = Module()
        high, low = delay(m, self.high, 1, name="a"), delay(m, self.low, 1, name="d")
        packed = Signal(signed(self._shift + 8), reset_less=True)
        product = Signal(signed(self._shift + 16), reset_less=True)
        m.d.sync += [
            packed.eq((high << self._shift) + low),
            product.eq(packed * delay(m, self.factor, 2, name="b")),
            self.cascade_out.eq(product + self.cascade_in),
        ]
        return m


class Dsp48Slice(wiring.Component):
    """`DspSlice` as a DSP48E2 or DSP48E1.

    Parameters
    ----------
    multiplier : the primitive
    first : the slice begins a cascade: `cascade_in` is not connected
    """

    LATENCY = DspSlice.LATENCY

    def __init__(self, multiplier: Multiplier, first: bool) -> None:
        self._multiplier, self._first = multiplier, first
        super().__init__(_slice_signature())

    def elaborate(self, platform: object) -> Module:
        """Set the registers that `DspSlice` has; the word is A + D times B, plus PCIN."""
        m = Module()
        new = self._multiplier is Multiplier.DSP48E2
        shift = packing_of(self._multiplier).shift
        width = shift + 8  # of D and of the part of A that the pre-adder takes
        high = Cat(C(0, shift), self.high)
        ports = {
            "A": Cat(high, self.high[-1].replicate(30 - width)),
            "B": Cat(self.factor, self.factor[-1].replicate(10)),
            "D": Cat(self.low, self.low[-1].replicate(width - 8)),
            "C": C(0, 48),
            "CARRYIN": C(0, 1),
            "INMODE": C(0b00100, 5),
            "ALUMODE": C(0, 4),
            "CARRYINSEL": C(0, 3),
            # X and Y: the product; Z: PCIN or nothing
            "OPMODE": C(0b0000101 if self._first else 0b0010101, 9 if new else 7),
            **{f"CE{name}": C(1, 1) for name in _ENABLED},
            **{f"CE{name}": C(0, 1) for name in ("CTRL", "ALUMODE", "CARRYIN", "INMODE", "C")},
            **{f"RST{name}": C(0, 1) for name in _RESETS},
        }
        parameters = dict.fromkeys(("AREG", "ACASCREG", "DREG", "ADREG", "MREG", "PREG"), 1)
        parameters |= dict.fromkeys(("BREG", "BCASCREG"), 2)
        parameters |= dict.fromkeys(_UNREGISTERED, 0)
        cascade = {} if self._first else {"i_PCIN": self.cascade_in}
        m.submodules.dsp = Instance(
            self._multiplier.name,
            *(("p", name, value) for name, value in parameters.items()),
            *(("i", name, value) for name, value in ports.items()),
            **({"p_AMULTSEL": "AD"} if new else {"p_USE_DPORT": "TRUE"}),
            i_CLK=ClockSignal(),
            o_P=Signal(CASCADE_BITS),  # yosys looks for it
            o_PCOUT=self.cascade_out,
            **cascade,
        )
        return m


_ENABLED = ("A1", "A2", "B1", "B2", "D", "AD", "M", "P")
_RESETS = ("A", "B", "C", "D", "M", "P", "CTRL", "ALUMODE", "INMODE", "ALLCARRYIN")
_UNREGISTERED = ("CREG", "OPMODEREG", "ALUMODEREG", "CARRYINREG", "CARRYINSELREG", "INMODEREG")
