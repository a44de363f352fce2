"""A server process: the address it listens on, and how it ends."""

from __future__ import annotations

import asyncio
import math
import socket
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI

from wingbeat.hw.errors import RequestError
from wingbeat.sw.serving.engine import Engine

BACKLOG = 512
"""Connections that the system keeps until they are accepted."""

LAST_WORDS = 2.0
"""Seconds behind the deadline in which clients are told so."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that accepts connections; port 0 takes any free one.

    Raises
    ------
    RequestError
        If the address is taken, or is none of this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        raise RequestError(
            f"address {host}:{port} must be free and of this machine: {error}"
        ) from (None)


class Server(uvicorn.Server):
    """Ends in order when it is asked to (SIGINT, SIGTERM): what runs is finished first.

    At the deadline, requests that still run get an error; a second signal cuts them off.

    Parameters
    ----------
    app : to be served
    engine : of the app
    deadline : seconds that running requests have when the server is to end
    """

    def __init__(self, app: FastAPI, engine: Engine, deadline: float) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=math.ceil(deadline + LAST_WORDS),
                backlog=BACKLOG,
            )
        )
        self._engine = engine
        self._deadline = deadline

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal; unlike uvicorn's, an ordered end is exit code 0."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running requests end, and refuse the others."""
        self._engine.drain()
        give_up = asyncio.get_running_loop().call_later(
            self._deadline, lambda: self._engine.close(time.monotonic())
        )
        await super().shutdown(sockets)
        give_up.cancel()
