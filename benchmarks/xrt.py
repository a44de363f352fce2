"""What XRT and its driver add to the RTL's own time, on the real library in emulation.

A small model's tokens go through the card while the time that the simulated accelerator works is
added up; the rest of the wall clock is the driver's, XRT's and the socket's. Once the device
chooses the tokens, many in one start; once the host does, which costs a start and a look at the
candidates for each.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.progress import Progress

from wingbeat.boards.board import load_board
from wingbeat.boards.xclbin.emulation import MEMORY_START
from wingbeat.compiler.driver import compile_model
from wingbeat.compiler.image import Image
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.register_map import Control, RegisterMap
from wingbeat.sim.rtl.board import SimulatedBoard
from wingbeat.sim.xrt.card import EmulatedCard
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.device.rtl import RtlDevice
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.session import Session
from wingbeat.sw.xrt.transport import XrtTransport

MODEL = Path(__file__).parent.parent / "tests" / "models" / "tiny.gguf"
PROMPT = [5, 77, 300, 12, 9]
TOKENS = 48
MEMORY = 256 << 20
PIECE = 8 << 20
ACCESSES = 2000


class TimedBoard(SimulatedBoard):
    """Adds up the seconds in which the accelerator runs a program, or answers at its registers."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self.seconds = 0.0
        self._busy, self._since, self._lock = 0, 0.0, threading.Lock()
        self._started = False
        super().__init__(config, MEMORY, MEMORY_START)

    def read_register(self, offset: int) -> int:
        """Read a register; the time counts."""
        self._count(1)
        try:
            return super().read_register(offset)
        finally:
            self._count(-1)

    def write_register(self, offset: int, value: int) -> None:
        """Write a register; the time counts, and what follows a start."""
        self._count(1)
        try:
            super().write_register(offset, value)
            if offset == RegisterMap.CONTROL.word() and value & Control.START:
                self._count(1)
                self._started = True
        finally:
            self._count(-1)

    def _pass_time(self, left: int) -> int:
        left = super()._pass_time(left)
        if self._started and not self._chip.running:
            self._started = False
            self._count(-1)
        return left

    def _count(self, change: int) -> None:
        """Note that one more thing has begun, or ended; what overlaps counts once."""
        with self._lock:
            now = time.perf_counter()
            if self._busy:
                self.seconds += now - self._since
            self._busy, self._since = self._busy + change, now


def device_chooses(session: Session) -> list[int]:
    """Return tokens of as few starts as can be."""
    return list(session.generate(PROMPT, TOKENS))


def host_chooses(session: Session) -> list[int]:
    """Return tokens of one start each, the best among eight candidates."""
    tokens = list(PROMPT)
    for _ in range(TOKENS):
        tokens.append(int(session.candidates(tokens, 8).ids[0]))
    return tokens[len(PROMPT) :]


def stream(
    device: Device, image: Image, generate: Callable[[Session], list[int]]
) -> tuple[list[int], int]:
    """Return the tokens, and the cycles that they took."""
    device.load(image)
    return generate(Session(device, image)), device.cycles


def measure_streams(device: DriverDevice, board: TimedBoard, image: Image) -> dict[str, Any]:
    """Compare tokens and cycles with those of the other machines, and measure what is added."""
    found: dict[str, Any] = {}
    for generate in (device_chooses, host_chooses):
        device.load(image)
        board.seconds = 0.0
        begin = time.perf_counter()
        tokens = generate(Session(device, image))
        seconds = time.perf_counter() - begin
        begin = time.perf_counter()
        rtl, cycles = stream(RtlDevice(), image, generate)
        alone = time.perf_counter() - begin
        found[generate.__name__] = {
            "tokens": len(tokens),
            "equal_to_isa_and_rtl": tokens == rtl == stream(IsaDevice(), image, generate)[0],
            "cycles": device.cycles,
            "cycles_equal_to_rtl": device.cycles == cycles,
            "rtl_in_process_ms_per_token": round(1e3 * alone / len(tokens), 3),
            "device_ms_per_token": round(1e3 * board.seconds / len(tokens), 3),
            "added_ms_per_token": round(1e3 * (seconds - board.seconds) / len(tokens), 3),
        }
    return found


def measure_accesses(transport: XrtTransport) -> dict[str, Any]:
    """Measure single accesses and long transfers."""
    buffer = transport.allocate(MEMORY // 4, 0)
    data = buffer.read(0, MEMORY // 4)

    def seconds(what: Callable[[], object]) -> float:
        begin = time.perf_counter()
        what()
        return time.perf_counter() - begin

    def each(what: Callable[[], object]) -> float:
        return round(1e6 * seconds(lambda: [what() for _ in range(ACCESSES)]) / ACCESSES, 1)

    def pieces(what: Callable[[int], object]) -> float:
        taken = seconds(lambda: [what(first) for first in range(0, len(data), PIECE)])
        return round(len(data) / taken / (1 << 20))

    found = {
        "register_read_us": each(lambda: transport.read_register(0x200)),
        "memory_read_us": each(lambda: buffer.read(64, 28)),
        "memory_write_us": each(lambda: buffer.write(64, data[:4])),
        "write_mib_per_second": pieces(lambda at: buffer.write(at, data[at : at + PIECE])),
        "read_mib_per_second": pieces(lambda at: buffer.read(at, PIECE)),
    }
    buffer.free()
    return found


def measure() -> dict[str, Any]:
    """Measure everything on one emulated card."""
    sim1 = load_board("sim1")
    image = compile_model(MODEL, sim1, context=64).image
    config = image.manifest.config
    board = TimedBoard(config)
    with (
        Progress() as progress,
        tempfile.TemporaryDirectory() as folder,
        board,
        EmulatedCard(board, config, MEMORY, Path(folder)) as card,
    ):
        task = progress.add_task("streaming", total=2)
        os.environ.update(card.environment)
        begin = time.perf_counter()
        transport = XrtTransport()
        opened = time.perf_counter() - begin
        device = DriverDevice(transport)
        streams = measure_streams(device, board, image)
        progress.update(task, description="accessing", advance=1)
        accesses = measure_accesses(transport)
        device.close()
        progress.advance(task)
    return {"command": "make xrt", "open_seconds": round(opened, 2), **streams, **accesses}


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    figures = measure()
    text = json.dumps(figures, indent=2) + "\n"
    print(text, end="")
    if arguments.json:
        arguments.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
