"""Bounds on what a client may send, and for how long."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wingbeat.sw.serving.problems import Problem

MOST_BYTES = 16 << 20
"""Bytes of a body: twice the characters of the longest conversation."""

LONGEST_BODY = 30.0
"""Seconds that a client may take to send one."""


class Bounds:
    """Reads a body before anybody else does: all of it in time, or an error.

    Parameters
    ----------
    app : that gets the body in one piece
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(LONGEST_BODY):
                body = await _body(receive)
        except TimeoutError:
            late = Problem(408, f"a body must be sent within {LONGEST_BODY:g} s")
            await late.response(scope, receive, send)
            return
        if body is None:
            large = Problem(413, f"a body must have {MOST_BYTES >> 20} MiB at most")
            await large.response(scope, receive, send)
            return
        parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return parts.pop() if parts else await receive()

        await self._app(scope, replay, send)


async def _body(receive: Receive) -> bytes | None:
    """Return the body, of a client that hung up what there is; None if it is too large."""
    parts, size = [], 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BYTES:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)
