"""`wingbeat serve`: a model behind OpenAI's HTTP interface."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from wingbeat.hw.errors import RequestError
from wingbeat.sw.cache import CompileProgress, is_model_file
from wingbeat.sw.cli.options import BoardName, Context, Model
from wingbeat.sw.cli.output import NOTES, progress_bar
from wingbeat.sw.llm import DEFAULT_BOARD, LLM
from wingbeat.sw.models import find_model

DEFAULT_SLOTS = 4
"""Requests that run at once, where nobody says how many."""


def serve(
    model: Model,
    device: Annotated[str, typer.Option(help="Device that the model runs on.")] = "isa",
    board: BoardName = DEFAULT_BOARD,
    context: Context = None,
    slots: Annotated[
        int | None,
        typer.Option(
            help="Requests that run at once, each with its own caches; "
            f"{DEFAULT_SLOTS}, or what an image was compiled for."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any free one.", min=0, max=65535)] = 8000,
    queue: Annotated[int, typer.Option(help="Requests that may wait for a slot.", min=0)] = 64,
    turn: Annotated[
        int, typer.Option(help="Tokens until the next request has its turn.", min=1)
    ] = 4,
    deadline: Annotated[
        float, typer.Option(help="Seconds that running requests have at shutdown.", min=0)
    ] = 30.0,
) -> None:
    """Serve a model over HTTP, to OpenAI's clients and to a browser.

    Clients need the key of the environment variable WINGBEAT_API_KEY, if there is one.
    """
    for package in ("fastapi", "uvicorn", "prometheus_client"):
        if find_spec(package) is None:
            raise RequestError(
                f"package `{package}` must be installed: pip install 'wingbeat[serve]'"
            )
    # only here: the packages are an extra
    from wingbeat.sw.serving.access import KEY_VARIABLE, check_exposure
    from wingbeat.sw.serving.app import create_app
    from wingbeat.sw.serving.engine import Engine
    from wingbeat.sw.serving.metrics import Metrics
    from wingbeat.sw.serving.server import Server, listen

    key = os.environ.get(KEY_VARIABLE)
    check_exposure(host, key)
    path = find_model(model)
    with listen(host, port) as listener:
        with progress_bar() as bar:
            llm = _open(path, device, board, context, slots, bar.share)
        with llm:
            metrics = Metrics()
            engine = Engine(llm, metrics, turn=turn, queue=queue)
            server = Server(create_app(llm, engine, metrics, key), engine, deadline)
            address, taken = listener.getsockname()[:2]
            shown = f"[{address}]" if ":" in address else address
            NOTES.print(
                f"{llm.image.manifest.model.name} on {device}, {len(llm.sessions)} slots: "
                f"http://{shown}:{taken}",
                soft_wrap=True,
            )
            server.run(sockets=[listener])


def _open(
    path: Path,
    device: str,
    board: str,
    context: int | None,
    slots: int | None,
    progress: CompileProgress,
) -> LLM:
    if slots is None and is_model_file(path):
        slots = DEFAULT_SLOTS
    llm = LLM(path, device, board=board, context=context, slots=slots or 1, progress=progress)
    if slots is not None and slots != len(llm.sessions):
        with llm:
            raise RequestError(
                f"--slots must be {len(llm.sessions)}, what the image was compiled for, not {slots}"
            )
    return llm
