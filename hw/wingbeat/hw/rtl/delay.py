"""Shift registers: what accompanies a free-running pipeline."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Mux, Signal


def delay(m: Module, value: Any, cycles: int, *, name: str, reset_less: bool = True) -> Any:
    """Return `value` as it was `cycles` cycles ago. To be called outside of `m.If` and `m.Switch`.

    Parameters
    ----------
    m : module that gets the registers
    value : any value or view; what comes back has its shape
    cycles : number of registers; with 0 `value` itself comes back
    name : of the registers, which are numbered from 1
    reset_less : False for valid bits, which have to be known after a reset
    """
    for cycle in range(1, cycles + 1):
        register = Signal.like(value, name=f"{name}_{cycle}", reset_less=reset_less)
        m.d.sync += register.eq(value)
        value = register
    return value


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
