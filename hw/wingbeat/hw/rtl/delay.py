"""Shift registers: what accompanies a free-running pipeline."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal


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
