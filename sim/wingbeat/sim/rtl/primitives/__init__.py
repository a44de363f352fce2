"""Simulation models of what synthesis takes as given: FPGA primitives and the block RAM."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from wingbeat.hw.errors import DeviceError
from wingbeat.hw.rtl import clock_gate
from wingbeat.hw.rtl.behaviour import platform as behaviour
from wingbeat.hw.rtl.memory import block_ram

_FOLDER = Path(__file__).parent


@cache
def _dsp48e1() -> Path:
    """Return the open model that comes with yosys."""
    spec = find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise DeviceError("package `pyosys` must be installed: it has the model of a DSP48E1")
    return Path(spec.origin).parent / "share" / "xilinx" / "cells_sim.v"


_MODELS: dict[str, Callable[[], list[Path]]] = {
    "wingbeat_block_ram": lambda: [block_ram.VERILOG],
    "wingbeat_clock_gate": lambda: [clock_gate.VERILOG],
    f"wingbeat_(?:{'|'.join(behaviour.MODELS)})": lambda: [behaviour.VERILOG],
    "MULT18X18D": lambda: [_FOLDER / "MULT18X18D.v"],
    "DSP48E2": lambda: [_FOLDER / "DSP48E2.v"],
    "DSP48E1": lambda: [_FOLDER / "DSP48E1.vlt", _dsp48e1()],
}


def models(rtlil: str) -> list[Path]:
    """Return the files for Verilator of the modules that a netlist instantiates."""
    files: list[Path] = []
    for name, model in _MODELS.items():
        if re.search(rf"^ *cell \\{name} ", rtlil, re.M):
            files += model()
    return files
