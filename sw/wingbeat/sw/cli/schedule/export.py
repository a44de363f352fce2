"""`wingbeat schedule export`: a compiled model's work as a task graph and a platform."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import yaml

from wingbeat.sw.cache import open_image
from wingbeat.sw.cli.options import BoardName, Context, Model
from wingbeat.sw.cli.output import NOTES, progress_bar, written_aside
from wingbeat.sw.llm import DEFAULT_BOARD
from wingbeat.sw.models import find_model
from wingbeat.sw.scheduling.accelerator.request import parse_request
from wingbeat.sw.scheduling.accelerator.work import job_of, platform_of, together


class Grain(StrEnum):
    """What a task is."""

    START = "start"
    GROUP = "group"


def export(
    model: Model,
    job: Annotated[
        Path, typer.Option("--output", "-o", help="Task graph of all requests to write, as JSON.")
    ],
    platform: Annotated[Path, typer.Option(help="Platform to write, as YAML.")],
    request: Annotated[
        list[str], typer.Option(help="PROMPT:TOKENS, how many of each; repeatable.")
    ],
    grain: Annotated[
        Grain, typer.Option(help="A task: a start of the program, or instructions of a unit.")
    ] = Grain.START,
    cores: Annotated[int, typer.Option(min=1, help="Of the host.")] = 2,
    board: BoardName = DEFAULT_BOARD,
    context: Context = None,
) -> None:
    """Export requests to a model as a task graph, with costs from the cycle model."""
    requests = [parse_request(text, f"r{number}") for number, text in enumerate(request, 1)]
    with progress_bar() as bar:
        image = open_image(find_model(model), board, context=context, progress=bar.share)
        described = platform_of(image, grain.value, cores)
        jobs = []
        for number, each in enumerate(requests):
            bar.share(f"request {each.name}", number / len(requests))
            jobs.append(job_of(each, image, grain.value))
    whole = together(jobs)
    value = described.model_dump(mode="json", exclude={"name"})
    texts = (
        (job, whole.model_dump_json(indent=1, exclude={"name"}, exclude_defaults=True) + "\n"),
        (platform, yaml.safe_dump(value, sort_keys=False)),
    )
    for path, text in texts:
        with written_aside(path) as aside:
            aside.write_text(text, encoding="utf-8")
    NOTES.print(
        f"{len(whole.tasks)} tasks of {len(jobs)} requests on {described.title}", style="dim"
    )
