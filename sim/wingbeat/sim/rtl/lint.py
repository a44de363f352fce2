"""Verilator's warnings about the Verilog that synthesis gets."""

from __future__ import annotations

import tempfile
from pathlib import Path

from wingbeat.sim.rtl.primitives import models
from wingbeat.sim.rtl.verilate import verilator
from wingbeat.sim.rtl.verilog import SYNTHESIS_PASSES, TOP, Component, elaborate, to_verilog

WAIVERS = {
    "CASEINCOMPLETE": "a process assigns the default of an `If` before it; a latch would be LATCH",
    "DECLFILENAME": "all modules are in one file",
    "PROCASSINIT": "Amaranth gives registers their value after reset at power-up too",
    "UNUSEDSIGNAL": "carries that are dropped, and the names of a structure's fields",
    "WIDTHEXPAND": "yosys lets Verilog extend operands; Amaranth has inferred all widths",
    "WIDTHTRUNC": "the same, and `!` for a comparison with zero",
}
"""Warnings that say nothing about the component, and why."""


def lint(component: Component) -> str:
    """Return the warnings of `verilator -Wall` but for WAIVERS; empty if there are none."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"{TOP}.v"
        design = elaborate(component)
        source.write_text(to_verilog(design, SYNTHESIS_PASSES))
        waivers = [f"-Wno-{name}" for name in WAIVERS]
        files = (source, *models(design.rtlil))
        result = verilator("--lint-only", "-Wall", *waivers, "--top-module", TOP, *files)
    return result.stderr
