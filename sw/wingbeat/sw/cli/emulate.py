"""`wingbeat board emulate`: a card for XRT's hardware emulation, with the RTL on it."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from wingbeat.boards.board import load_board
from wingbeat.boards.xclbin.emulation import MEMORY_START
from wingbeat.hw.errors import DeviceError
from wingbeat.sw.cli.extras import extra
from wingbeat.sw.cli.options import SIMULATED_BOARD, SimulatedBoardName
from wingbeat.sw.cli.output import NOTES
from wingbeat.sw.xrt.installation import variables

ENVIRONMENT = "environment.sh"
"""File in the card's folder that a shell reads."""


def emulate(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND...]", help="Program to run with the card."),
    ] = None,
    name: SimulatedBoardName = SIMULATED_BOARD,
) -> None:
    """Emulate an XRT card with the RTL of a board in Verilator: device xrt:0.

    With a command, the card is there for as long as the command runs; its exit code is passed on.
    Without one, until Ctrl-C; a shell that reads the file that is named then has the card.
    """
    found = load_board(name)
    installed = variables()
    # protobuf and Verilator are for those who emulate
    with extra("xrt"):
        from wingbeat.sim.rtl.board import SimulatedBoard
        from wingbeat.sim.xrt.card import EmulatedCard

    NOTES.print(f"generating the RTL of {name}, or taking it from the cache", style="dim")
    size = found.memory.mebibytes << 20
    try:
        hardware = SimulatedBoard(found.accelerator, size, MEMORY_START)
    except MemoryError:
        raise DeviceError(
            f"board {name} has {found.memory.mebibytes} MiB of memory, more than there is here"
        ) from None
    with (
        hardware,
        tempfile.TemporaryDirectory(prefix="wingbeat-xrt-") as folder,
        EmulatedCard(hardware, found.accelerator, size, Path(folder), _note) as card,
    ):
        environment = installed | card.environment
        if command:
            raise typer.Exit(_run(command, environment))
        file = card.folder / ENVIRONMENT
        lines = [f"export {variable}='{value}'" for variable, value in environment.items()]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        NOTES.print(
            f"board {name} is card xrt:0 for a shell after `. {file}`; Ctrl-C ends it",
            soft_wrap=True,
        )
        _await_signal()


def _note(line: str) -> None:
    NOTES.print(line, style="dim", soft_wrap=True)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program; return its exit code, 128 and the signal if that has ended it."""
    try:
        process = subprocess.Popen(command, env=os.environ | environment)
    except OSError as error:
        raise DeviceError(f"command `{command[0]}` must be there: {error.strerror}") from None
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue  # the keyboard has interrupted the program too
        return code if code >= 0 else 128 - code


def _await_signal() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    # a signal that another thread takes does not end a wait without an end
    while not stop.wait(1.0):
        pass
