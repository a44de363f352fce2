"""`wingbeat compile`: a model file, or only a shape, to an image and a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from wingbeat.boards.board import load_board
from wingbeat.compiler.driver import compile_model
from wingbeat.compiler.image import check_place, save_image
from wingbeat.hw.errors import RequestError
from wingbeat.sw.cli.options import AsJson, BoardName, Context
from wingbeat.sw.cli.output import NOTES, RESULT, print_json, progress_bar
from wingbeat.sw.cli.summary import print_report
from wingbeat.sw.llm import DEFAULT_BOARD
from wingbeat.sw.models import PACKAGED, find_model
from wingbeat.sw.shapes import SHAPES, shape_report


def compile_command(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]", help=f"Path of a GGUF file, or a name: {', '.join(PACKAGED)}."
        ),
    ] = None,
    board: BoardName = DEFAULT_BOARD,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Image to write, .safetensors.")
    ] = None,
    context: Context = None,
    slots: Annotated[int, typer.Option(help="Requests whose caches are kept at once.")] = 1,
    shape: Annotated[
        str | None,
        typer.Option(help=f"Instead of a model, a shape without weights: {', '.join(SHAPES)}."),
    ] = None,
    sparse: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Prune the layers to N of every 16 weights, 2, 4 or 8, by magnitude alone: "
            "without fine-tuning the text gets much worse.",
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Report to write, JSON.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compile a model for a board, and report what it costs."""
    if (model is None) == (shape is None):
        raise RequestError("compile must be given a model or a --shape, and not both")
    description = load_board(board)
    if report is not None:
        _check_report(report)
    if shape is not None:
        if output is not None:
            raise RequestError("--output must go with a model: a shape has no weights to write")
        result = shape_report(shape, description, context, slots, sparse)
    else:
        if output is None:
            raise RequestError("--output must say where the image is to be written")
        source = find_model(str(model))
        check_place(output)
        with progress_bar() as bar:
            compiled = compile_model(
                source,
                description,
                context=context,
                slots=slots,
                sparse=sparse,
                progress=bar.share,
            )
        save_image(compiled.image, output)
        result = compiled.report
        NOTES.print(f"wrote {output}, {output.stat().st_size:,} bytes", style="dim")
    if report is not None:
        _write(report, result)
    if as_json:
        print_json(result)
    else:
        print_report(result, RESULT)


def _check_report(path: Path) -> None:
    """Refuse before the work what could not be written after it; leaves no new file behind."""
    try:
        new = not path.exists()
        # whoever reads a pipe would take the end of this for the end of the report
        if not path.is_fifo():
            path.open("a").close()
        if new:
            path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from None


def _write(path: Path, report: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> RequestError:
    return RequestError(f"report `{path}` must be writable: {error.strerror}")
