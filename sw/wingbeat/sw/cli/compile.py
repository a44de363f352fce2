"""`wingbeat compile`: a model file in, an image and its report out."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Any

import typer

from wingbeat.boards.board import load_board
from wingbeat.compiler.driver import compile_model
from wingbeat.compiler.image import save_image
from wingbeat.hw.errors import RequestError
from wingbeat.sw.cli.models import model_path
from wingbeat.sw.cli.shapes import SHAPES, report_shape
from wingbeat.sw.cli.summary import print_summary
from wingbeat.sw.cli.terminal import print_json, progress_bar


def compile_(
    board: Annotated[str, typer.Option(help="Board to compile for; see `wingbeat boards`.")],
    model: Annotated[str | None, typer.Argument(help="Model file (.gguf), or `smollm2`.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Image to write (.safetensors).")
    ] = None,
    context: Annotated[
        int | None, typer.Option(help="Positions of a slot. [default: as many as fit]")
    ] = None,
    slots: Annotated[int, typer.Option(help="Requests whose caches are kept at once.")] = 1,
    shape: Annotated[
        str | None,
        typer.Option(help=f"Report on a model without weights instead: {', '.join(SHAPES)}."),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Report to write (JSON).")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Compile a model for a board, and report what it costs."""
    description = load_board(board)
    if shape is not None:
        if model is not None or output is not None:
            raise RequestError("a shape must come without model and output: it has no weights")
        facts = report_shape(shape, description, context, slots)
    else:
        if model is None or output is None:
            raise RequestError("compile must be given a model and `-o`, or else `--shape`")
        with progress_bar() as bar:
            compiled = compile_model(
                model_path(model), description, context=context, slots=slots, progress=bar.share
            )
            bar.share(f"writing {output.name}", 1.0)
            save_image(compiled.image, output)
        facts = compiled.report
    if report is not None:
        _write(report, facts)
    if json:
        print_json(facts)
    else:
        print_summary(facts)


def _write(path: Path, facts: dict[str, Any]) -> None:
    try:
        path.write_text(json_module.dumps(facts, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RequestError(f"report `{path}` must be writable: {reason}") from None
