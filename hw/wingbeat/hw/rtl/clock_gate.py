"""Clocks that rest with what hangs on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    DomainRenamer,
    Instance,
    Module,
    ResetSignal,
    Signal,
)

VERILOG = Path(__file__).with_suffix(".v")
"""The source of the gate, a part of every design."""

REST = 7
"""Cycles that a clock runs on after the last one in which something was to be done.

What has left a component's control may still be in registers behind it: addresses on their way to a
memory, a word on its way back.
"""


def rest(
    m: Module, component: Any, active: Any, *, name: str, domain: str = "sync", after: int = REST
) -> None:
    """Add `component` to `m`, on a clock that rests while it has nothing to do.

    A component may rest if its outputs do not ask for anything when it is idle, and if what is
    frozen in its pipelines then is not valid. A reset wakes it.

    Parameters
    ----------
    active : it has something to do, or is offered something in this cycle
    name : of the submodule and of its clock domain
    domain : of which its clock is a part, and whose reset is its own
    after : cycles that the clock runs on
    """
    resting_domain(m, active, name=name, domain=domain, after=after)
    m.submodules[name] = DomainRenamer(name)(component)


def resting_domain(
    m: Module, active: Any, *, name: str, domain: str = "sync", after: int = REST
) -> None:
    """Add the domain `name` to `m`, whose clock rests; for several components, see `rest`."""
    own = ClockDomain(name, local=True)
    m.domains += own
    later = Signal(range(after + 1), name=f"{name}_rests_in")
    with m.If(active):
        m.d[name] += later.eq(after)
    with m.Elif(later != 0):
        m.d[name] += later.eq(later - 1)
    m.submodules[f"{name}_gate"] = Instance(
        "wingbeat_clock_gate",
        i_clk=ClockSignal(domain),
        i_enable=active | (later != 0) | ResetSignal(domain),
        o_gated=own.clk,
    )
    m.d.comb += own.rst.eq(ResetSignal(domain))
