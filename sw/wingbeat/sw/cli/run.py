"""`wingbeat run`: stream a text from a model on a device."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from wingbeat.hw.errors import RequestError
from wingbeat.sw.cli.options import AsJson, BoardName, Context, Model
from wingbeat.sw.cli.output import NOTES, Bar, print_json, progress_bar
from wingbeat.sw.llm import DEFAULT_BOARD, LLM
from wingbeat.sw.models import find_model
from wingbeat.sw.sampler import Sampling
from wingbeat.sw.statistics import Statistics
from wingbeat.sw.stream import Stream


def run(
    model: Model,
    prompt: Annotated[str, typer.Option(help="What to answer, or to go on from.")],
    chat: Annotated[
        bool | None,
        typer.Option(
            "--chat/--raw",
            help="Answer as in a chat, or go on from the text as it is; "
            "by default a chat, where the model has a template for it.",
        ),
    ] = None,
    system: Annotated[str | None, typer.Option(help="What a chat begins with.")] = None,
    device: Annotated[str, typer.Option(help="Device that the model runs on.")] = "isa",
    board: BoardName = DEFAULT_BOARD,
    context: Context = None,
    max_tokens: Annotated[int, typer.Option(help="Tokens to generate, at most.")] = 256,
    temperature: Annotated[float, typer.Option(help="0 takes the best token each time.")] = 0.0,
    top_k: Annotated[int, typer.Option(help="Candidates to choose among, 1 to 64.")] = 40,
    top_p: Annotated[float, typer.Option(help="Share of their probability to keep.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Makes a choice reproducible.")] = None,
    stop: Annotated[list[str] | None, typer.Option(help="Text before which to end.")] = None,
    as_json: AsJson = False,
) -> None:
    """Stream a text from a model to stdout."""
    sampling = Sampling(temperature, top_k, top_p, seed)
    path = find_model(model)
    with progress_bar() as bar:
        llm = LLM(path, device, board=board, context=context, progress=bar.share)
    with llm:
        chatting = llm.chats if chat is None else chat
        if system is not None and not chatting:
            raise RequestError("--system must go with a chat")
        messages = [{"role": "user", "content": prompt}]
        if system is not None:
            messages.insert(0, {"role": "system", "content": system})

        def begin(bar: Bar) -> Stream:
            options = dataclasses.asdict(sampling) | {
                "max_tokens": max_tokens,
                "stop": stop or (),
                "progress": bar.tokens,
            }
            return llm.chat(messages, **options) if chatting else llm.stream(prompt, **options)

        text, statistics = _follow(begin, quiet=as_json)
        if as_json:
            print_json(
                {
                    "model": llm.image.manifest.model.name,
                    "board": llm.image.manifest.board,
                    "device": device,
                    "chat": chatting,
                    "text": text,
                    "statistics": dataclasses.asdict(statistics),
                }
            )
        else:
            _summary(statistics)


def _follow(begin: Callable[[Bar], Stream], *, quiet: bool) -> tuple[str, Statistics]:
    """Show the prompt's progress, then the text as it comes."""
    parts = []
    with progress_bar() as bar:
        stream = begin(bar)
        first = next(stream, "")
    with stream:
        for part in itertools.chain([first], stream):
            parts.append(part)
            if not quiet:
                sys.stdout.write(part)
                sys.stdout.flush()
    if not quiet:
        sys.stdout.write("\n")
        sys.stdout.flush()
    return "".join(parts), stream.statistics


def _summary(statistics: Statistics) -> None:
    """Print the figures to stderr: what was measured here, then what the cycle model says."""
    s = statistics
    reused = f", {s.reused_tokens} of them reused" if s.reused_tokens else ""
    NOTES.print(
        f"prompt of {s.prompt_tokens} tokens{reused}; {s.generated_tokens} generated ({s.finish})",
        f"measured: {_speed(s.seconds_to_first_token, s.decode_tokens_per_second)}",
        f"estimated for the accelerator at {s.clock_mhz:g} MHz, by the cycle model: "
        f"{_speed(s.device_seconds_to_first_token, s.device_tokens_per_second)}, "
        f"{s.device_cycles:,} cycles",
        sep="\n",
        style="dim",
        soft_wrap=True,
    )


def _speed(first: float | None, rate: float | None) -> str:
    parts = [] if first is None else [f"first token after {first:.3g} s"]
    if rate is not None:
        parts.append(f"then {rate:.1f} tokens/s")
    return ", ".join(parts) or "no token"
