"""The one-lane machine in a ULX3S behind four pins.

The accelerator has hundreds of ports and the board has no host that speaks AXI. So that place and
route sees all of its logic and nothing is optimised away, every input comes out of a shift register
and every output goes into one: what a tester would do with a scan chain.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from amaranth.hdl import (
    C,
    Cat,
    ClockDomain,
    ClockSignal,
    Elaboratable,
    Instance,
    Module,
    ResetSignal,
    Signal,
    Value,
    ValueCastable,
)
from amaranth.lib import io, wiring

OSCILLATOR_MHZ = 25
_VCO_MHZ = 600  # the oscillator in the PLL runs at 400 to 800


class ScanPins(Elaboratable):
    """Pins, PLL and shift registers around a netlist.

    Parameters
    ----------
    name : module of the netlist
    component : what it was made from; it gives the ports
    clock_mhz : what the PLL makes of the board's 25 MHz

    `rx` shifts inputs in, `tx` shifts outputs out; while the button is pressed, inputs are applied
    and outputs taken.
    """

    def __init__(self, name: str, component: wiring.Component, clock_mhz: float) -> None:
        self._name, self._clock_mhz = name, clock_mhz
        self._ports: dict[str, Value] = {}
        for path, member, value in component.signature.flatten(component):
            bits = value.as_value() if isinstance(value, ValueCastable) else value
            if isinstance(bits, Value) and len(bits):
                direction = "i" if member.flow == wiring.In else "o"
                self._ports[f"{direction}_{'__'.join(map(str, path))}"] = bits

    def elaborate(self, platform: Any) -> Module:
        """Join pins, shift registers and netlist."""
        m = Module()
        self._clock(m, platform)
        inputs = Cat(value for name, value in self._ports.items() if name.startswith("i_"))
        outputs = Cat(value for name, value in self._ports.items() if name.startswith("o_"))
        uart, button = (platform.request(name, dir="-") for name in ("uart", "button_fire"))
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.submodules.pressed = pressed = io.Buffer("i", button)
        shifted_in = Signal(len(inputs), reset_less=True)
        applied = Signal(len(inputs), reset_less=True)
        taken = Signal(len(outputs), reset_less=True)
        shifted_out = Signal(len(outputs), reset_less=True)
        m.d.comb += [inputs.eq(applied), tx.o.eq(shifted_out[-1])]
        m.d.sync += [
            shifted_in.eq(Cat(rx.i, shifted_in)),
            taken.eq(outputs),
            shifted_out.eq(Cat(C(0, 1), shifted_out)),
        ]
        with m.If(pressed.i):
            m.d.sync += [applied.eq(shifted_in), shifted_out.eq(taken)]
        m.submodules.netlist = Instance(
            self._name, i_clk=ClockSignal(), i_rst=ResetSignal(), **self._ports
        )
        return m

    def _clock(self, m: Module, platform: Any) -> None:
        """Make the clock, and a reset until the PLL has locked."""
        m.domains.sync = domain = ClockDomain()
        clock, locked = Signal(), Signal()
        ratio = Fraction(self._clock_mhz) / OSCILLATOR_MHZ
        divider = round(_VCO_MHZ / self._clock_mhz)
        phase = ("PHASESEL0", "PHASESEL1", "PHASEDIR", "PHASESTEP", "PHASELOADREG", "PLLWAKESYNC")
        m.submodules.pll = Instance(
            "EHXPLLL",
            p_CLKI_DIV=ratio.denominator,
            p_CLKFB_DIV=ratio.numerator,
            p_CLKOP_DIV=divider,
            p_CLKOP_CPHASE=divider // 2,
            p_CLKOP_ENABLE="ENABLED",
            p_FEEDBK_PATH="CLKOP",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            i_CLKI=platform.request("clk25", dir="-").io,
            i_CLKFB=clock,
            i_RST=C(0, 1),
            i_STDBY=C(0, 1),
            i_ENCLKOP=C(0, 1),
            **{f"i_{name}": C(0, 1) for name in phase},
            o_CLKOP=clock,
            o_LOCK=locked,
        )
        waiting = Signal(2, init=0b11, reset_less=True)
        m.d.sync += waiting.eq(Cat(~locked, waiting[0]))
        m.d.comb += [domain.clk.eq(clock), domain.rst.eq(waiting[1])]
