"""PYNQ's driver over a board server on this computer: equality of tokens, overhead of a token.

Unmodified PYNQ runs in an environment of its own. Both processes read the same clock, so that the
time from a token's appearance in device memory to its arrival at the host's program is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.models import smollm2
from wingbeat.boards.board import load_board
from wingbeat.boards.overlay.design import overlay_design
from wingbeat.compiler.driver import compile_model
from wingbeat.compiler.image import Image, save_image
from wingbeat.hw.control import ControlBlock
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.register_map import RegisterMap
from wingbeat.sim.rtl.board import SimulatedBoard
from wingbeat.sw.board.listening import Listening
from wingbeat.sw.board.server import BoardServer
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.device.rtl import RtlDevice
from wingbeat.sw.session import Session

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-pynq" / "bin" / "python"
TINY = ROOT / "tests" / "models" / "tiny.gguf"

PROMPT = [1, 9690, 198, 2683, 359, 253]
SMOLLM2_TOKENS = 4
TINY_TOKENS = 40

LOOK = 0.0001
"""Seconds between two looks at the head of the ring."""


class Watch:
    """Notes when tokens appear in device memory, and when the program runs.

    Parameters
    ----------
    hardware : the board
    image : that a host will load
    """

    def __init__(self, hardware: SimulatedBoard, image: Image) -> None:
        self.published: list[float] = []
        self.started = 0.0
        self._hardware = hardware
        self._control = image.memory["control"].start * BEAT_BYTES
        self._stopping = threading.Event()
        self._write = hardware.write_register
        hardware.write_register = self._noting  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._look)

    def _noting(self, offset: int, value: int) -> None:
        self._write(offset, value)
        if offset == RegisterMap.CONTROL.word() and not self._thread.is_alive():
            self.started = time.monotonic()
            self._base = self._hardware.read_register(RegisterMap.MEMORY_BASE.word())
            self._thread.start()

    def _look(self) -> None:
        place = self._base + self._control + 4 * ControlBlock.word("head")
        word, head = self._hardware.memory[place : place + 4].view("u4"), 0
        while not self._stopping.is_set():
            if (now := int(word[0])) != head:
                self.published += [time.monotonic()] * (now - head)
                head = now
            time.sleep(LOOK)

    def end(self) -> None:
        """Stop looking."""
        self._stopping.set()
        self._thread.join()


@contextmanager
def served(image: Image, board: str) -> Iterator[tuple[str, Watch]]:
    """Serve a board; yield its address, and what watches it."""
    design = overlay_design(load_board(board))
    hardware = SimulatedBoard(design.config, design.memory_bytes)
    watch = Watch(hardware, image)
    server = BoardServer(design, hardware, Listening(port=0))
    try:
        yield f"pynq://127.0.0.1:{server.port}", watch
    finally:
        watch.end()
        server.stop()


def over_pynq(image: Image, board: str, prompt: list[int], count: int) -> dict[str, Any]:
    """Generate tokens with unmodified PYNQ; add when they were published."""
    with tempfile.TemporaryDirectory() as folder, served(image, board) as (address, watch):
        path = Path(folder) / "image.safetensors"
        save_image(image, path)
        command = [str(PYTHON), "-m", "benchmarks.pynq_host", address, str(path)]
        done = subprocess.run(
            [*command, json.dumps(prompt), str(count)],
            cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, check=True, timeout=3600,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(done.stdout)
        return found | {"published": watch.published, "started": watch.started}


def here(device: Device, image: Image, prompt: list[int], count: int) -> tuple[list[int], int]:
    """Generate tokens on a device of this process."""
    device.load(image)
    return list(Session(device, image).generate(prompt, count)), device.cycles


def equality(image: Image, board: str, prompt: list[int], count: int) -> dict[str, Any]:
    """Compare three machines."""
    far = over_pynq(image, board, prompt, count)
    tokens, cycles = here(RtlDevice(), image, prompt, count)
    return {
        "board": board,
        "prompt": len(prompt),
        "tokens": far["tokens"],
        "isa_tokens_equal": here(IsaDevice(), image, prompt, count)[0] == far["tokens"],
        "rtl_tokens_equal": tokens == far["tokens"],
        "rtl_cycles": cycles,
        "pynq_cycles": far["cycles"],
        "load_seconds": round(far["load_seconds"], 1),
    }


def overhead(image: Image, board: str, prompt: list[int], count: int) -> dict[str, Any]:
    """Measure what comes on top of the device's own time."""
    far = over_pynq(image, board, prompt, count)
    late = [r - p for r, p in zip(far["received"], far["published"], strict=True)]
    # the last token comes when the device is found idle: what that takes is in there too
    beyond = far["received"][-1] - far["published"][-1]
    return {
        "board": board,
        "tokens": count,
        "device_ms_a_token": _ms((far["published"][-1] - far["started"]) / count),
        "publication_to_arrival_ms": {
            "median": _ms(statistics.median(late[:-1])),
            "mean": _ms(statistics.fmean(late[:-1])),
            "worst": _ms(max(late[:-1])),
        },
        "last_token_ms": _ms(beyond),
        "overhead_ms_a_token": _ms(beyond / count),
        "traffic_a_token": {key: round(value / count, 2) for key, value in far["traffic"].items()},
        "load_average": round(os.getloadavg()[0], 1),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 3)


def main() -> None:
    """Measure, and print or write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    tiny = compile_model(TINY, load_board("sim1"), context=64).image
    smol = compile_model(smollm2(), load_board("sim4"), context=256, slots=1).image
    figures = {
        "command": "make pynq",
        "overhead": overhead(tiny, "sim1", [5, 77, 300, 12, 9], TINY_TOKENS),
        "smollm2": equality(smol, "sim4", PROMPT, SMOLLM2_TOKENS),
    }
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
