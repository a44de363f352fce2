"""What a bus model in Python costs: one machine, one program, two kinds of memory.

The small model runs on one lane under cocotb with cocotbext-axi's memory, then in this process with
the native one. Both programs are built of the same Verilog with the same flags. Seconds are those
of the processor, so that other work on the computer counts little.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import cocotb
from rich.progress import Progress
from tests.cocotb.build import prepared
from tests.cocotb.machine.board import Board
from tests.cocotb.machine.machines import VARIABLE, image
from tests.cocotb.simulation import simulate
from tests.sim.rtl.runner import RtlRunner

from wingbeat.hw.register_map import RegisterMap
from wingbeat.hw.rtl.accelerator import Accelerator

MACHINE = "one lane"
PROMPT = [17]
REPEATS = 20
"""Runs with the native memory: one takes a fraction of a second."""

RESULT = "WINGBEAT_RESULT"
"""Names the file for what was measured under cocotb."""


@cocotb.test()
async def under_cocotb(dut: Any) -> None:
    """Run the program once."""
    board = Board(dut, image(), watched=False)
    await board.power_up()
    await board.start(PROMPT, 1)
    begin = time.process_time()
    await board.finish()
    seconds = time.process_time() - begin
    cycles = await board.host.read(RegisterMap.CYCLES)
    Path(os.environ[RESULT]).write_text(json.dumps([cycles, seconds]), encoding="utf-8")


def in_process() -> tuple[int, float]:
    """Run the program a few times, and return cycles and seconds."""
    runner = RtlRunner(image(MACHINE), optimise="speed")
    begin = time.process_time()
    for _ in range(REPEATS):
        runner.generate(PROMPT, 1)
    return runner.rtl.cycles, time.process_time() - begin


def measure() -> dict[str, Any]:
    """Build, run both, and return the figures."""
    config = image(MACHINE).manifest.config
    with Progress() as progress, tempfile.TemporaryDirectory() as folder:
        task = progress.add_task("building", total=3)
        key = f"accelerator {config.digest}"
        program = prepared(key, lambda: Accelerator(config), "speed")
        progress.update(task, advance=1, description="cocotb")
        result = Path(folder) / "result.json"
        simulate(program, __spec__.name, Path(folder), {VARIABLE: MACHINE, RESULT: str(result)})
        python_cycles, python_seconds = json.loads(result.read_text(encoding="utf-8"))
        progress.update(task, advance=1, description="in process")
        native_cycles, native_seconds = in_process()
        progress.advance(task)
    rates = python_cycles / python_seconds, native_cycles / native_seconds
    return {
        "command": "make bus-model",
        "machine": "sim1",
        "cocotb": {"cycles": python_cycles, "cycles_per_second": rates[0]},
        "in_process": {"cycles": native_cycles, "cycles_per_second": rates[1]},
        "ratio": rates[1] / rates[0],
    }


def main() -> None:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    figures = json.dumps(measure(), indent=2)
    print(figures)
    if options.json is not None:
        options.json.write_text(figures + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
