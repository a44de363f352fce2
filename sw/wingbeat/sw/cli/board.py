"""`wingbeat board`: an overlay's files, and programs that stand for a board."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from wingbeat.boards.board import load_board
from wingbeat.boards.overlay.design import overlay_design
from wingbeat.boards.overlay.pair import write_simulation_pair
from wingbeat.hw.errors import DeviceError
from wingbeat.sw.cli.emulate import emulate
from wingbeat.sw.cli.extras import extra
from wingbeat.sw.cli.options import SIMULATED_BOARD, SimulatedBoardName
from wingbeat.sw.cli.output import NOTES

board = typer.Typer(
    help="An overlay's files, and programs that stand for a board.", no_args_is_help=True
)
board.command()(emulate)


@board.command()
def overlay(
    name: SimulatedBoardName = SIMULATED_BOARD,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for the two files.")
    ] = Path(),
) -> None:
    """Write the .bit and .hwh of a simulated board; a real one's .bit comes from Vivado."""
    design = overlay_design(load_board(name))
    try:
        path = write_simulation_pair(design, output)
    except OSError as error:
        raise DeviceError(f"folder `{output}` must be writable: {error.strerror}") from None
    print(path)


@board.command()
def serve(
    name: SimulatedBoardName = SIMULATED_BOARD,
    listen: Annotated[
        str, typer.Option(help="HOST[:PORT]; beyond loopback only with a token and TLS.")
    ] = "127.0.0.1",
    token_file: Annotated[
        Path | None, typer.Option(help="File with the token that clients must bring.")
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM file, for TLS.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file, for TLS.")] = None,
) -> None:
    """Serve the RTL of a board in Verilator as PYNQ's remote boards are served."""
    # gRPC and Verilator are for those who serve
    with extra("board"):
        from wingbeat.sim.rtl.board import SimulatedBoard
        from wingbeat.sw.board.listening import Listening, split_address
        from wingbeat.sw.board.server import BoardServer
    host, port = split_address(listen)
    token = _token(token_file)
    listening = Listening(host, port, token, certificate, key)
    listening.check()
    design = overlay_design(load_board(name))
    NOTES.print(f"generating the RTL of {name}, or taking it from the cache", style="dim")
    hardware = SimulatedBoard(design.config, design.memory_bytes)
    server = BoardServer(design, hardware, listening)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    NOTES.print(
        f"board {name}, configuration {design.config.digest}, is served on pynq://{host}:"
        f"{server.port}"
    )
    # a signal that another thread takes does not end a wait without an end
    while not stop.wait(1.0):
        pass
    server.stop()


def _token(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise DeviceError(f"token file `{path}` must be readable: {error}") from None
