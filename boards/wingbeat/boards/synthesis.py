"""Synthesis by yosys: from a component to a netlist of primitives, and what it is made of.

The netlists are real ones: place and route (`boards.route`) starts from them. Each is made once and
then kept, under a digest of what it was made from.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib import wiring

from wingbeat.boards.family import Family
from wingbeat.hw.errors import SynthesisError
from wingbeat.hw.rtl import clock_gate
from wingbeat.hw.rtl.memory import block_ram

TOP = "accelerator"
"""Name of the netlist's module, whatever the component is."""

_RUN = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for line in sys.stdin.read().splitlines():
    libyosys.run_pass(line, design)
"""
_MEMORY = re.compile(r"^mapping memory \w+\.(\S+) via \$__(\w+?)_$", re.M)
_NO_RAM = re.compile(r"^using FF mapping for memory \w+\.(\S+)$", re.M)


@dataclass(frozen=True)
class Netlist:
    """A synthesised component.

    Attributes
    ----------
    family : whose primitives it consists of
    cells : number of each primitive
    memories : kind of RAM that each memory became, by its place in the hierarchy
    rtlil : the netlist, a file
    """

    family: Family
    cells: dict[str, int]
    memories: dict[str, str]
    rtlil: Path

    def count(self, kind: str) -> int:
        """Return how many `luts`, `registers`, `carries`, `dsps`, `block_rams` or `lut_rams`."""
        weights = self.family.primitives[kind]
        return sum(weights.get(name, 0) * count for name, count in self.cells.items())


def cache_folder() -> Path:
    """Return the folder of netlists: `$XDG_CACHE_HOME/wingbeat/netlists`, or below `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "wingbeat" / "netlists"


def synthesise(component: wiring.Component, family: Family) -> Netlist:
    """Return the netlist of a component, made now unless it was made before.

    Raises
    ------
    SynthesisError
        When yosys stops: on a latch, a combinational loop, a bit that nothing drives.
    """
    text = rtlil.convert(component, name=TOP, emit_src=False)
    script = _script(family)
    modules = "\n".join(source.read_text() for source in (block_ram.VERILOG, clock_gate.VERILOG))
    parts = (text, modules, *script, version("pyosys"))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    target = cache_folder() / digest
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="making-") as name:
            folder = Path(name) / "netlist"
            folder.mkdir()
            (folder / "source.il").write_text(text)
            (folder / "modules.v").write_text(modules)
            log = run_yosys(script, folder)
            (folder / "memories.json").write_text(json.dumps(_memories(log)))
            if not target.exists():
                folder.rename(target)
    statistics = json.loads((target / "cells.json").read_text())
    cells = statistics["modules"][f"\\{TOP}"]["num_cells_by_type"]
    memories = json.loads((target / "memories.json").read_text())
    return Netlist(family, cells, memories, target / "netlist.il")


def run_yosys(script: list[str], folder: Path) -> str:
    """Run commands in `folder`, in a process of its own, and return what yosys wrote."""
    if find_spec("pyosys") is None:
        raise SynthesisError(
            "package `pyosys` must be installed: pip install 'wingbeat[synthesis]'"
        )
    process = subprocess.run(
        [sys.executable, "-c", _RUN],
        input="\n".join(script),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if process.returncode:
        errors = [line for line in process.stdout.splitlines() if line.startswith(_ERRORS)]
        raise SynthesisError(f"yosys stopped: {' '.join(errors[-4:]) or process.stdout[-300:]}")
    return process.stdout


_ERRORS = ("ERROR", "Warning: found logic loop", "Warning: Wire")


def _script(family: Family) -> list[str]:
    """Return the commands: read, look for what must not be, synthesise, count."""
    return [
        "read_rtlil source.il",
        "read_verilog modules.v",
        f"{family.command} -top {TOP} -run begin:{family.first_step}",
        "proc",
        "flatten",
        "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr",
        # names of wires that are others as well: abc9 stumbles over two that begin differently only
        "opt_clean -purge",
        "check -assert",
        f"{family.command} -top {TOP} -run {family.first_step}:",
        "tee -q -o cells.json stat -json",
        # what is left of the technology's library are models of its cells
        "delete =A:blackbox =A:whitebox",
        "write_rtlil netlist.il",
    ]


def _memories(log: str) -> dict[str, str]:
    """Return what yosys says of each memory; a memory in several parts is one."""
    kinds = {re.sub(r"\[\d+\]$", "", name): kind for name, kind in _MEMORY.findall(log)}
    # `proc_rom` makes tables of `Switch`es; the small ones go back to logic, which is no loss
    lost = {name: "FF" for name in _NO_RAM.findall(log) if "$proc_rom" not in name}
    return {name: kind for name, kind in (kinds | lost).items() if "$proc_rom" not in name}
