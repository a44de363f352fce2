"""The choice of behavioural models.

A simulator adds bit by bit what is one instruction of the simulating processor. Elaborated for the
platform `BEHAVIOURAL`, the components that only compute (chain, adder, multipliers, scale unit) are
modules in Verilog that call a function in C and answer after the same number of cycles, and long
delays are rings. Everything else is the same netlist. The tests of these components run for both
forms with the same vectors, and whole machines of both forms must agree in every byte and every
cycle.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from amaranth.hdl import ClockSignal, Instance, Module, Value

VERILOG = Path(__file__).with_name("models.v")
"""The modules; their functions are in the simulator's `native/arithmetic.h`."""

BEHAVIOURAL = object()
"""What to pass as `platform`; None, or a board's, elaborates what is synthesised."""


MODELS = ("add", "multiply", "integer_scale", "scale", "chain", "wait")


def model(name: str, latency: int, output: Value, **inputs: Any) -> Module:
    """Return a module that is nothing but a model.

    Parameters
    ----------
    name : one of MODELS; the module in Verilog begins with `wingbeat_`
    latency : cycles from inputs to the output
    output, inputs : its ports; the output's port is `result`
    """
    m = Module()
    m.submodules.model = Instance(
        f"wingbeat_{name}",
        ("p", "LATENCY", latency),
        ("p", "WIDTH", len(output)),
        ("i", "clk", ClockSignal()),
        ("o", "result", output),
        *(("i", port, Value.cast(value)) for port, value in inputs.items()),
    )
    return m
