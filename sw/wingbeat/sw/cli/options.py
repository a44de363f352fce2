"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from wingbeat.sw.models import PACKAGED

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help=f"Path of a GGUF file or an image, or a name: {', '.join(PACKAGED)}."
    ),
]
BoardName = Annotated[
    str, typer.Option("--board", help="Board to compile for; `wingbeat boards` lists them.")
]
SIMULATED_BOARD = "sim1"
"""Board that stands for real hardware when nobody says which."""

SimulatedBoardName = Annotated[
    str, typer.Option("--board", help="Board; `wingbeat boards` lists them.")
]
Context = Annotated[
    int | None,
    typer.Option("--context", help="Positions to provide for; by default, as many as fit."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout.")]
