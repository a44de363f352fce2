"""SmolLM2 on the RTL in Verilator: cycles, share of the memory's bandwidth, equality with `isa`.

Both machines read the same prompt and generate the same number of tokens, and every byte that the
program wrote is compared. The cycles of a decoded token are the difference between two runs.
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

PROMPT = (1, 504, 3575, 282, 4649, 314)
LATENCY = 100
"""Cycles from a read to its first word, and from a write to its response."""


class Subject:
    """A machine with the image in memory of its own."""

    def __init__(self, image: Image, rtl: bool) -> None:
        config = image.manifest.config
        self.memory = DeviceMemory(image.memory, config.ports, image.contents)
        self._image = image
        self._machine: Machine | RtlMachine
        if rtl:
            timing = Timing(read_latency=LATENCY, write_latency=LATENCY)
            self._machine = RtlMachine(config, image.program, self.memory, timing)
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
        """Return what programs may have written."""
        return self.memory.written()


def measure(board_name: str, tokens: int) -> dict[str, Any]:
    """Run both machines."""
    board = load_board(board_name)
    compiled = compile_model(smollm2(), board, context=256, slots=1)
    image, config = compiled.image, board.accelerator
    with Progress() as progress:
        task = progress.add_task("building", total=3)
        rtl, isa = Subject(image, rtl=True), Subject(image, rtl=False)
        progress.advance(task)
        begin = time.perf_counter()
        counts = (1, 1 + tokens)
        rtl_cycles, isa_cycles = [], []
        for count in counts:
            progress.update(task, description=f"prompt and {count} tokens")
            rtl_cycles.append(rtl.generate(count))
            isa_cycles.append(isa.generate(count))
            progress.advance(task)
        seconds = time.perf_counter() - begin
    decode = (rtl_cycles[1] - rtl_cycles[0]) / tokens
    weights = image.memory["weights"].bytes_on(config.ports)
    return {
        "command": "make rtl",
        "board": board_name,
        "memory_latency": LATENCY,
        "equal": rtl.written() == isa.written(),
        "cycles": rtl_cycles,
        "estimated_cycles": isa_cycles,
        "decode_cycles_per_token": decode,
        "weight_bandwidth_share": weights / (decode * config.port_bytes),
        "simulated_cycles_per_second": sum(rtl_cycles) / seconds,
    }


def main() -> None:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", default="sim4", help="machine to generate")
    parser.add_argument("--tokens", type=int, default=2, help="tokens to decode")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    figures = json.dumps(measure(options.board, options.tokens), indent=2)
    print(figures)
    if options.json is not None:
        options.json.write_text(figures + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
