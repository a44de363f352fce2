"""Shift registers: what accompanies a free-running pipeline.

A simulator moves every register in every cycle, so few bits are one register that is shifted as a
whole, and many that wait for long are a ring in which nothing moves.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.behaviour.platform import BEHAVIOURAL, model

WORD = 64
"""Bits that a simulating processor shifts at once."""

WORTH_A_RING = 4
"""Cycles from which a ring is less work than moving every register."""


def delay(m: Module, value: Any, cycles: int, *, name: str, reset_less: bool = True) -> Any:
    """Return `value` as it was `cycles` cycles ago. To be called outside of `m.If` and `m.Switch`.

    Parameters
    ----------
    m : module that gets the registers
    value : any value or view; what comes back has its shape
    cycles : number of registers; with 0 `value` itself comes back
    name : of what comes back, and of the registers
    reset_less : False for valid bits, which have to be known after a reset
    """
    if not cycles:
        return value
    last = Signal.like(value, name=f"{name}_{cycles}", reset_less=reset_less)
    bits = len(Value.cast(value))
    if cycles == 1:
        m.d.sync += last.eq(value)
    elif bits * cycles <= WORD:
        line = Signal(bits * cycles, name=f"{name}_line", reset_less=reset_less)
        m.d.sync += line.eq(Cat(value, line))
        m.d.comb += Value.cast(last).eq(line[-bits:])
    elif reset_less:
        m.submodules[f"{name}_line"] = line = _Line(bits, cycles)
        m.d.comb += [line.value.eq(value), Value.cast(last).eq(line.result)]
    else:
        for cycle in range(1, cycles):
            register = Signal.like(value, name=f"{name}_{cycle}")
            m.d.sync += register.eq(value)
            value = register
        m.d.sync += last.eq(value)
    return last


class _Line(wiring.Component):
    """Registers in a row, or their model (`behaviour`).

    Attributes
    ----------
    value : In(`bits`)
    result : Out(`bits`), `cycles` cycles later
    """

    def __init__(self, bits: int, cycles: int) -> None:
        self._cycles = cycles
        super().__init__({"value": In(bits), "result": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        if platform is BEHAVIOURAL and self._cycles >= WORTH_A_RING:
            return model("wait", self._cycles, self.result, value=self.value)
        m = Module()
        value = self.value
        for cycle in range(1, self._cycles + 1):
            register = Signal.like(value, name=f"after_{cycle}", reset_less=True)
            m.d.sync += register.eq(value)
            value = register
        m.d.comb += self.result.eq(value)
        return m


def delay_by(m: Module, value: Any, cycles: dict[int, Any], *, name: str) -> Any:
    """Return a word of bits that each take the way that is chosen when they come in.

    A way is a number of cycles. Bits of a long way that are still there when a shorter one is
    chosen meet those that come in: together they are lost if both are set, so whoever chooses sees
    to it that they do not.

    Parameters
    ----------
    cycles : number of cycles, at least 1, to the condition under which it is taken
    """
    longest = max(cycles)
    stage = value & 0
    for cycle in range(longest):
        # a way of n cycles begins n registers before the end
        enters = cycles.get(longest - cycle)
        entering = stage if enters is None else stage | Mux(enters, value, 0)
        register = Signal.like(value, name=f"{name}_{cycle}")
        m.d.sync += register.eq(entering)
        stage = register
    return stage
