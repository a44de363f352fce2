"""`wingbeat disasm`: the program of an image as text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wingbeat.compiler.image import load_image
from wingbeat.hw.isa.disassembler import describe, disassemble


def disasm(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Image to read.")],
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every field that is set.")
    ] = False,
) -> None:
    """Print the program of an image, one line an instruction with what it is for."""
    loaded = load_image(image)
    lines = disassemble(loaded.program)
    for argument in loaded.program.arguments:
        sys.stdout.write(
            f"; r{int(argument.register)} = {argument.name}, {argument.low} to {argument.high}: "
            f"{argument.meaning}\n"
        )
    width = min(max(map(len, lines), default=0), 100)
    for line, purpose, instruction in zip(
        lines, loaded.manifest.program.purposes, loaded.program.instructions, strict=True
    ):
        sys.stdout.write(f"{line:{width}}  ; {purpose}\n")
        if verbose:
            for field in describe(instruction):
                sys.stdout.write(f"{'':8}{field}\n")
