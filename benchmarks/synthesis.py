"""Every unit and the whole one-lane machine as netlists: LUTs, registers, RAM and DSP slices.

Each unit is a netlist of its own, so their sum differs a little from the whole machine, in which
yosys sees through the borders.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.progress import track

from wingbeat.boards.board import load_board
from wingbeat.boards.family import FAMILIES, Family
from wingbeat.boards.synthesis import Netlist, synthesise
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl import dsp_count
from wingbeat.hw.rtl.accelerator import Accelerator
from wingbeat.hw.rtl.bus.read_engine import ReadEngine
from wingbeat.hw.rtl.lane.lane import ON_ONE_CLOCK, Lane
from wingbeat.hw.rtl.matrix.unit import MatrixUnit
from wingbeat.hw.rtl.memory.operand_memory import OperandMemory
from wingbeat.hw.rtl.memory.vector_memory import VectorMemory
from wingbeat.hw.rtl.registers import Registers
from wingbeat.hw.rtl.sequencer.sequencer import Sequencer
from wingbeat.hw.rtl.transfer.load import LoadUnit
from wingbeat.hw.rtl.transfer.store import StoreUnit
from wingbeat.hw.rtl.vector.unit import VectorUnit

UNITS: dict[str, Any] = {
    "lane": lambda config: ON_ONE_CLOCK(Lane(config)),
    "matrix unit, lane included": MatrixUnit,
    "vector machine": VectorUnit,
    "LD": LoadUnit,
    "ST": StoreUnit,
    "sequencer": Sequencer,
    "registers": Registers,
    "vector memory": VectorMemory,
    "operand memory": OperandMemory,
    "read engine": lambda config: ReadEngine(config.port_bits),
    "one-lane machine": Accelerator,
}
KINDS = ("luts", "registers", "carries", "dsps", "block_rams", "ultra_rams", "lut_rams")

DECLARED: dict[str, Any] = {
    "lane": dsp_count.lane,
    "vector machine": dsp_count.vector_machine,
    "one-lane machine": dsp_count.arithmetic,
}


def row(name: str, netlist: Netlist, config: AcceleratorConfig) -> dict[str, Any]:
    """Return the figures of one unit in one family."""
    figures: dict[str, Any] = {kind: netlist.count(kind) for kind in KINDS}
    if name in DECLARED:
        figures["declared_dsps"] = DECLARED[name](config, netlist.family.multiplier)
        if figures["dsps"] < figures["declared_dsps"]:
            raise SystemExit(f"{name}, {netlist.family.name}: DSP slices are missing: {figures}")
    if "FF" in netlist.memories.values():
        raise SystemExit(f"{name}, {netlist.family.name}: a memory is no RAM: {netlist.memories}")
    return figures | {"memories": netlist.memories}


def measure(families: list[Family], units: list[str]) -> dict[str, Any]:
    """Synthesise what the cache does not have."""
    base = load_board("ulx3s").accelerator
    result: dict[str, Any] = {family.name: {} for family in families}
    jobs = [(name, family) for name in units for family in families]
    for name, family in track(jobs, "synthesis"):
        config = base.model_copy(update={"multiplier": family.multiplier.name})
        netlist = synthesise(UNITS[name](config), family)
        result[family.name][name] = row(name, netlist, config)
    return result


def table(figures: dict[str, Any]) -> str:
    """Return one table a family, in Markdown."""
    lines = []
    for family, units in figures.items():
        lines += [f"\n{family}\n", "| unit | " + " | ".join(KINDS).replace("_", " ") + " |"]
        lines.append("|---" + "|---:" * len(KINDS) + "|")
        for name, unit in units.items():
            lines.append(f"| {name} | " + " | ".join(f"{unit[kind]:,}" for kind in KINDS) + " |")
    return "\n".join(lines)


def main() -> None:
    """Synthesise, print the tables, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--family", choices=[f.name for f in FAMILIES], action="append")
    parser.add_argument("--unit", choices=list(UNITS), action="append")
    arguments = parser.parse_args()
    chosen = [f for f in FAMILIES if not arguments.family or f.name in arguments.family]
    figures = measure(chosen, arguments.unit or list(UNITS))
    arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(table(figures))


if __name__ == "__main__":
    main()
