"""`wingbeat run`: a prompt in, an answer out as it is generated."""

from __future__ import annotations

import dataclasses
import sys
from typing import Annotated, Any

import typer

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import RequestError
from wingbeat.sw.cli.models import model_path
from wingbeat.sw.cli.terminal import Bar, note, print_json, progress_bar
from wingbeat.sw.llm import DEFAULT_BOARD, LLM
from wingbeat.sw.statistics import Statistics
from wingbeat.sw.stream import Stream


def run(
    model: Annotated[
        str, typer.Argument(help="Model file (.gguf), image (.safetensors), or `smollm2`.")
    ],
    prompt: Annotated[str, typer.Option(help="What to answer, or to go on from.")],
    chat: Annotated[
        bool | None,
        typer.Option(
            "--chat/--raw",
            help="Ask the prompt, or go on from it. [default: --chat "
            "if the model has a chat template]",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="What runs the image.")] = "isa",
    board: Annotated[
        str | None, typer.Option(help=f"Board to compile for. [default: {DEFAULT_BOARD}]")
    ] = None,
    context: Annotated[
        int | None, typer.Option(help="Positions to compile for. [default: as many as fit]")
    ] = None,
    max_tokens: Annotated[int, typer.Option(help="Tokens to generate, at most.")] = 256,
    temperature: Annotated[float, typer.Option(help="0 takes the best token each time.")] = 0.0,
    top_k: Annotated[int, typer.Option(help="Candidates to choose among.")] = 40,
    top_p: Annotated[float, typer.Option(help="Sum of probabilities to choose among.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Makes the choice reproducible.")] = None,
    stop: Annotated[
        list[str] | None, typer.Option(help="Text before which the answer ends; may be repeated.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Answer a prompt, and say how fast."""
    with progress_bar() as bar:
        llm = LLM(
            model_path(model),
            device,
            board=board or DEFAULT_BOARD,
            context=context,
            progress=bar.share,
        )
    with llm:
        _check_image(llm.image, board, context)
        chats = llm.chats if chat is None else chat
        options: dict[str, Any] = {
            "max_tokens": max_tokens,
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "seed": seed,
            "stop": stop or [],
        }
        with progress_bar() as bar:
            stream = _begin(llm, prompt, chats, options, bar)
            # the first piece comes when the prompt is read: the bar goes before it is printed
            pieces = [piece for piece in [next(stream, "")] if piece]
        with stream:
            if json:
                text = "".join([*pieces, *stream])
            else:
                _print(pieces, stream)
        if json:
            print_json(_summary(llm, device, chats, text, stream.statistics))
        else:
            _note(llm.image, stream.statistics)


def _begin(llm: LLM, prompt: str, chats: bool, options: dict[str, Any], bar: Bar) -> Stream:
    if chats:
        messages = [{"role": "user", "content": prompt}]
        return llm.chat(messages, progress=bar.prefill, **options)
    return llm.stream(prompt, progress=bar.prefill, **options)


def _check_image(image: Image, board: str | None, context: int | None) -> None:
    """Refuse options that an image cannot follow any more."""
    manifest = image.manifest
    if board not in (None, manifest.board):
        raise RequestError(
            f"board must be {manifest.board}, which the image was compiled for, not {board}"
        )
    if context not in (None, manifest.program.context):
        raise RequestError(
            f"context must be {manifest.program.context}, which the image was compiled for, "
            f"not {context}"
        )


def _print(pieces: list[str], stream: Stream) -> None:
    for piece in pieces:
        print(piece, end="", flush=True)
    for piece in stream:
        print(piece, end="", flush=True)
    print()
    sys.stdout.flush()


def _summary(
    llm: LLM, device: str, chats: bool, text: str, statistics: Statistics
) -> dict[str, Any]:
    manifest = llm.image.manifest
    return {
        "model": manifest.model.name,
        "board": manifest.board,
        "device": device,
        "chat": chats,
        "text": text,
        "statistics": dataclasses.asdict(statistics),
        "note": "device_seconds and device_tokens_per_second are estimates of the cycle model; "
        "the clock is an assumption",
    }


def _note(image: Image, statistics: Statistics) -> None:
    first = statistics.seconds_to_first_token
    host = [
        f"{statistics.generated_tokens} tokens, ended by {statistics.finish}",
        _number(statistics.decode_tokens_per_second, "tokens/s"),
        _number(first, "s to the first token"),
    ]
    device = [
        _number(statistics.device_tokens_per_second, "tokens/s"),
        _number(statistics.device_seconds_to_first_token, "s to the first token"),
    ]
    note(f"simulated here: {', '.join(part for part in host if part)}")
    if any(device):
        note(
            f"estimate of the cycle model for {image.manifest.board} at "
            f"{statistics.clock_mhz:g} MHz: {', '.join(part for part in device if part)}"
        )


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.3g} {unit}"
