"""`wingbeat disasm`: the program of an image as text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wingbeat.compiler.image import load_image
from wingbeat.hw.isa.disassembler import describe, disassemble


def disasm(
    image: Annotated[Path, typer.Argument(help="Image (.safetensors).")],
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Purpose and fields of every instruction.")
    ] = False,
) -> None:
    """Print the program of an image, one line an instruction."""
    loaded = load_image(image)
    purposes = loaded.manifest.program.purposes
    program = loaded.program
    lines = disassemble(program)
    for line, purpose, instruction in zip(lines, purposes, program.instructions, strict=True):
        print(line)
        if verbose:
            print(f"        for {purpose}")
            for field in describe(instruction):
                print(f"        {field}")
