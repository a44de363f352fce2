"""The command `wingbeat`: its subcommands, and what becomes of their errors."""

from __future__ import annotations

import os
import sys

import typer

from wingbeat.hw.errors import WingbeatError
from wingbeat.sw.cli.boards import boards
from wingbeat.sw.cli.compile import compile_
from wingbeat.sw.cli.disasm import disasm
from wingbeat.sw.cli.info import info
from wingbeat.sw.cli.run import run

FAILED = 1
INTERRUPTED = 130
"""What a shell reports of a program that SIGINT has ended."""

app = typer.Typer(
    name="wingbeat",
    help="Compiles quantised language models for FPGA accelerators, and runs them.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run)
app.command("compile")(compile_)
app.command("disasm")(disasm)
app.command("info")(info)
app.command("boards")(boards)


def main() -> None:
    """Run the command line, and exit; an error of the user's is one sentence on stderr."""
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except WingbeatError as error:
        code = _complain(str(error), FAILED)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        code = FAILED
    except OSError as error:
        code = _complain(f"{error.filename or 'output'}: {error.strerror or error}", FAILED)
    except Exception as error:
        # a usage error; its class has moved between versions of typer
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        code = _complain(message(), getattr(error, "exit_code", FAILED))
    _drop_broken_output()
    sys.exit(code or 0)


def _complain(sentence: str, code: int) -> int:
    print(f"wingbeat: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def _drop_broken_output() -> None:
    """Keep the interpreter from complaining, at its end, about a reader that has gone."""
    try:
        sys.stdout.flush()
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())


if __name__ == "__main__":
    main()
