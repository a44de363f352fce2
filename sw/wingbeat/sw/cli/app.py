"""`wingbeat`: the commands put together, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from wingbeat.hw.errors import WingbeatError
from wingbeat.sw.cli.board import board
from wingbeat.sw.cli.boards import boards
from wingbeat.sw.cli.compile import compile_command
from wingbeat.sw.cli.disasm import disasm
from wingbeat.sw.cli.info import info
from wingbeat.sw.cli.run import run
from wingbeat.sw.cli.schedule.app import app as schedule
from wingbeat.sw.cli.serve import serve
from wingbeat.sw.cli.sim import sim
from wingbeat.sw.cli.trace import trace

INTERRUPTED = 130
"""Exit code of a program that the keyboard interrupted: 128 + SIGINT."""

app = typer.Typer(
    help="A quantised transformer in; an FPGA accelerator, its program and its tokens out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command("compile")(compile_command)
app.command()(sim)
app.command()(trace)
app.command()(serve)
app.add_typer(schedule, name="schedule")
app.command()(disasm)
app.command()(info)
app.command()(boards)
app.add_typer(board, name="board")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 after an error, 2 after wrong usage, 130 interrupted.

    Parameters
    ----------
    arguments : words after `wingbeat`; by default, those of the process
    """
    try:
        app(arguments, prog_name="wingbeat")
    except WingbeatError as error:
        print(f"wingbeat: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
