"""Verilator's warnings about the Verilog that synthesis gets."""

from __future__ import annotations

import tempfile
from pathlib import Path

from wingbeat.hw.rtl.memory import block_ram
from wingbeat.sim.rtl.verilate import verilator
from wingbeat.sim.rtl.verilog import SYNTHESIS_PASSES, TOP, Component, elaborate, to_verilog

WAIVERS = {
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
        source.write_text(to_verilog(elaborate(component), SYNTHESIS_PASSES))
        waivers = [f"-Wno-{name}" for name in WAIVERS]
        files = (source, block_ram.VERILOG)
        result = verilator("--lint-only", "-Wall", *waivers, "--top-module", TOP, *files)
    return result.stderr
