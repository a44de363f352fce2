"""What every test begins with: a clock, a reset."""

from __future__ import annotations

from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

PERIOD_NS = 4
"""250 MHz, though nothing depends on it."""


async def start(dut: Any) -> None:
    """Start the clock and reset the component.

    Bus models are to be made before: they drive their wires from the first edge on.
    """
    Clock(dut.clk, PERIOD_NS, unit="ns").start()
    await reset(dut)


async def reset(dut: Any) -> None:
    """Reset the component; bus models that know `rst` reset themselves."""
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    await RisingEdge(dut.clk)


async def until(dut: Any, wire: Any, limit: int = 100_000) -> int:
    """Return the cycles until a wire is high at a rising edge; at most `limit`."""
    for cycle in range(limit):
        await RisingEdge(dut.clk)
        if wire.value:
            return cycle
    raise AssertionError(f"{wire._name} must be high within {limit} cycles")
