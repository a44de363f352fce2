"""SmolLM2 on the RTL of four lanes in Verilator: equality with the ISA machine, speed.

The machines read the same prompt and generate the same number of tokens, and every byte that the
program wrote is compared.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmarks.models import smollm2
from wingbeat.boards.board import load_board
from wingbeat.compiler.driver import compile_model
from wingbeat.compiler.image import Image
from wingbeat.hw.control import ControlBlock
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.sim.isa.machine import Machine
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.rtl.machine import RtlMachine
from wingbeat.sim.rtl.memory import Timing
from wingbeat.sim.rtl.verilate import Optimise

PROMPT = (
    1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519, 28, 7018, 411,
    407, 19712, 8182, 2, 198, 1, 4093, 198, 1780, 314, 260, 3575, 282, 4649, 47, 2,
)  # fmt: skip
"""32 tokens."""

TOKENS = 16
LATENCY = 100
"""Cycles from a read to its first word, and from a write to its response."""

FORMS: tuple[Optimise, ...] = ("behaviour", "speed")
"""With arithmetic as a function, and with every gate."""


class Subject:
    """A machine with the image in memory of its own: the RTL in some form, or the ISA machine."""

    def __init__(self, image: Image, form: Optimise | None) -> None:
        config = image.manifest.config
        self.memory = DeviceMemory(image.memory, config.ports, image.contents)
        self._image = image
        self._machine: Machine | RtlMachine
        if form is not None:
            timing = Timing(read_latency=LATENCY, write_latency=LATENCY)
            self._machine = RtlMachine(config, image.program, self.memory, timing, form)
        else:
            self._machine = Machine(config, image.program, self.memory)

    @property
    def cycles(self) -> int:
        """Cycles so far, counted or estimated."""
        machine = self._machine
        return machine.cycles if isinstance(machine, RtlMachine) else machine.timeline.now

    def generate(self, count: int) -> int:
        """Read the prompt, generate so many tokens, and return the cycles that took."""
        before = self.cycles
        regions = self._image.memory
        tokens = self.memory.words(regions["tokens"].start * WORDS_PER_BEAT, len(PROMPT))
        tokens[:] = PROMPT
        control = regions["control"].start * WORDS_PER_BEAT
        head, tail = (control + ControlBlock.word(name) for name in ("head", "tail"))
        arguments = {
            "known": len(PROMPT), "position": 0, "generate": count, "slot": 0, "all_logits": 0,
            "sequence": int(self.memory.words(head, 1)[0]),
        }  # fmt: skip
        for _ in self._machine.run(arguments):
            self.memory.words(tail, 1)[0] = self.memory.words(head, 1)[0]
        return self.cycles - before

    def written(self) -> dict[str, bytes]:
        """Return what programs may have written: logits and caches among it."""
        return self.memory.written()


def measure(columns: int) -> dict[str, Any]:
    """Run the ISA machine and each form of the RTL."""
    board = load_board("sim4")
    config = board.accelerator.model_copy(update={"columns": columns})
    board = board.model_copy(update={"accelerator": config})
    image = compile_model(smollm2(), board, context=256, slots=1).image
    figures: dict[str, Any] = {
        "command": "make rtl",
        "lanes": config.lanes,
        "columns": columns,
        "memory_latency": LATENCY,
        "prompt": len(PROMPT),
        "tokens": TOKENS,
    }
    with Progress() as progress:
        task = progress.add_task("ISA machine", total=1 + 2 * len(FORMS))
        isa = Subject(image, None)
        figures["estimated_cycles"] = isa.generate(TOKENS)
        progress.advance(task)
        for form in FORMS:
            progress.update(task, description=f"building: {form}")
            rtl = Subject(image, form)
            progress.update(task, description=f"running: {form}", advance=1)
            begin = time.process_time()
            cycles = rtl.generate(TOKENS)
            seconds = time.process_time() - begin
            progress.advance(task)
            figures[form] = {
                "cycles": cycles,
                "equal": rtl.written() == isa.written(),
                "bytes_compared": sum(map(len, isa.written().values())),
                "cycles_per_processor_second": round(cycles / seconds),
            }
    return figures


def main() -> None:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", type=int, default=2, help="chains of a lane")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    figures = json.dumps(measure(options.columns), indent=2)
    print(figures)
    if options.json is not None:
        options.json.write_text(figures + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
