"""`wingbeat trace`: what every unit does for a text, as a timeline."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from wingbeat.hw.cost import MEMORY_LATENCY
from wingbeat.sw.cache import open_image
from wingbeat.sw.cli.options import AsJson, BoardName, Context, Model
from wingbeat.sw.cli.output import NOTES, RESULT, print_json, progress_bar, written_aside
from wingbeat.sw.cli.sim import DEFAULT_BOARD
from wingbeat.sw.models import find_model
from wingbeat.sw.tracing.record import record_text, traceable
from wingbeat.sw.tracing.utilisation import utilisation


def trace(
    model: Model,
    prompt: Annotated[str, typer.Option(help="Text to go on from.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Timeline to write, JSON that Perfetto opens.")
    ] = Path("trace.json"),
    device: Annotated[
        str, typer.Option(help="isa: cycles by the cycle model; rtl: as they are.")
    ] = "isa",
    board: BoardName = DEFAULT_BOARD,
    context: Context = None,
    max_tokens: Annotated[int, typer.Option(help="Tokens to generate, at most.")] = 2,
    latency: Annotated[int, typer.Option(help="Latency of the memory of rtl, cycles.")] = (
        MEMORY_LATENCY
    ),
    as_json: AsJson = False,
) -> None:
    """Record a text on a simulated device, and write a timeline of all its instructions."""
    opened = traceable(device, latency)
    with written_aside(output) as aside, progress_bar() as bar:
        image = open_image(find_model(model), board, context=context, progress=bar.share)
        made = 0

        def follow(part: str) -> None:
            nonlocal made
            made += 1
            bar.share(f"{device}, part {made} of the text", min(made / max_tokens, 1.0))

        bar.share(f"{device}, the prompt", 0.0)
        recorded = record_text(image, opened, prompt, max_tokens, follow)
        bar.share("writing the timeline", 1.0)
        timeline = recorded.timeline()
        aside.write_text(json.dumps(timeline, separators=(",", ":")), encoding="utf-8")
    if as_json:
        print_json(
            {
                "device": device,
                "board": image.manifest.board,
                "text": recorded.text,
                "timeline": str(output),
                "events": len(timeline["traceEvents"]),
                "counters": dataclasses.asdict(recorded.counters),
            }
        )
        return
    RESULT.print(utilisation(recorded.counters, image.manifest.config))
    NOTES.print(
        f"{recorded.counters.retired:,} instructions in {output}: open it at https://ui.perfetto.dev",
        style="dim",
        soft_wrap=True,
    )
