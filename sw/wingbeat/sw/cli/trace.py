"""`wingbeat trace`: what every unit does for a text, as a timeline, and the waves behind it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_args

import typer

from wingbeat.hw.cost import MEMORY_LATENCY
from wingbeat.hw.errors import RequestError
from wingbeat.sim.rtl.waves import WaveFormat, Waves
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
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens to generate, at most.")] = 2,
    latency: Annotated[
        int, typer.Option(min=1, help="Latency of the memory of rtl, cycles.")
    ] = MEMORY_LATENCY,
    waves: Annotated[
        Path | None, typer.Option(help="Waves of rtl to write besides: .fst, or .vcd.")
    ] = None,
    begin: Annotated[
        int, typer.Option("--from", min=0, help="First cycle of the waves, as in the timeline.")
    ] = 0,
    cycles: Annotated[int, typer.Option(min=1, help="Cycles of the waves.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Record a text on a simulated device, and write a timeline of all its instructions."""
    with (
        written_aside(output) as aside,
        _waves_aside(waves, begin, cycles) as wanted,
        progress_bar() as bar,
    ):
        opened = traceable(device, latency, wanted)
        image = open_image(find_model(model), board, context=context, progress=bar.share)
        made = 0

        def follow(part: str) -> None:
            nonlocal made
            made += 1
            bar.share(f"{device}, part {made} of the text", min(made / max_tokens, 1.0))

        bar.share(f"{device}, the prompt", 0.0)
        recorded = record_text(image, opened, prompt, max_tokens, follow)
        if wanted is not None and recorded.counters.cycles <= begin:
            raise RequestError(
                f"--from must be a cycle of the text, 0 to {recorded.counters.cycles - 1}, "
                f"not {begin}"
            )
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
        f"{recorded.counters.retired:,} instructions in {output}: open it at ui.perfetto.dev",
        *([] if waves is None else [f"waves in {waves}: cycle n is at n nanoseconds"]),
        sep="\n",
        style="dim",
        soft_wrap=True,
    )


@contextlib.contextmanager
def _waves_aside(path: Path | None, begin: int, cycles: int) -> Iterator[Waves | None]:
    """Yield what to write, aside; it takes its place at the end of the block."""
    if path is None:
        yield None
        return
    for format in get_args(WaveFormat):
        if path.suffix == f".{format}":
            with written_aside(path) as aside:
                yield Waves(aside, format, begin, cycles)
            return
    raise RequestError(f"waves must be a file that ends in .fst or .vcd, not `{path.name}`")
