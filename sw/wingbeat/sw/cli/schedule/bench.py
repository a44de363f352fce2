"""`wingbeat schedule bench`: the whole comparison of schedulers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from wingbeat.sw.cli.options import AsJson
from wingbeat.sw.cli.output import NOTES, RESULT, print_json, progress_bar, written_aside
from wingbeat.sw.scheduling.bench.comparison import COMPARED, PARTS, compare
from wingbeat.sw.scheduling.bench.pictures import draw_pictures
from wingbeat.sw.scheduling.bench.tables import markdown, tables


def bench(
    scheduler: Annotated[
        list[str] | None, typer.Option(help="One of those compared, by default all; repeatable.")
    ] = None,
    part: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(PARTS)}; repeatable.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each stream.")] = 20,
    quick: Annotated[bool, typer.Option("--quick", help="Few and small cases: a minute.")] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, help="At a time; by default, one for each core.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Figures to write, as JSON.")
    ] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", help="Tables to write, as Markdown.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder to write pictures of the streams to.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare schedulers on streams and single jobs, with 95 % intervals over the same seeds."""
    names = list(dict.fromkeys(scheduler or COMPARED))
    with progress_bar() as bar:
        result = compare(
            list(dict.fromkeys(part or PARTS)),
            names,
            quick=quick,
            seeds=seeds,
            processes=processes or os.cpu_count() or 1,
            report=bar.share,
        )
    texts = ((output, json.dumps(result, indent=1) + "\n"), (markdown_file, markdown(result)))
    for path, text in texts:
        if path is not None:
            with written_aside(path) as aside:
                aside.write_text(text, encoding="utf-8")
    if pictures is not None:
        draw_pictures(result, pictures)
    if as_json:
        print_json(result)
        return
    for table in tables(result):
        RESULT.print(table)
    NOTES.print(f"{len(names)} schedulers; ± is half of a 95 % interval", style="dim")
