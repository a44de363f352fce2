"""From the engine's thread to the event loop, and from there to the client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from wingbeat.hw.errors import WingbeatError
from wingbeat.sw.decoding import Request
from wingbeat.sw.serving.engine import Engine
from wingbeat.sw.serving.job import Ending, Event, Job
from wingbeat.sw.serving.problems import problem
from wingbeat.sw.serving.replies import Json, Reply

SIGN_OF_LIFE = 15.0
"""Seconds without a piece after which a stream carries a comment, so that nobody hangs up."""


class Delivery:
    """A job in the engine's queue, and its events in the event loop.

    Parameters
    ----------
    engine : that serves it
    request : to be served

    Raises
    ------
    BusyError, UnavailableError
        As `Engine.submit`.
    """

    def __init__(self, engine: Engine, request: Request) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._job = Job(request, self._put)
        engine.submit(self._job)

    async def next(self) -> Event:
        """Wait for the next event; the engine sees to it that there is one."""
        return await self._events.get()

    async def collect(self) -> tuple[str, Ending]:
        """Wait for the whole answer; raises its error if it has one."""
        pieces: list[str] = []
        while True:
            event = await self.next()
            if isinstance(event, WingbeatError):
                raise event
            if isinstance(event, Ending):
                return "".join(pieces), event
            pieces.append(event)

    def cancel(self) -> None:
        """Have the engine give the job up, unless it is over."""
        self._engine.cancel(self._job)

    def _put(self, event: Event) -> None:
        # after a forced shutdown there is no loop any more, and nobody to tell
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)


class EventStream(StreamingResponse):
    """An answer as server-sent events; a client that hangs up cancels its job.

    Parameters
    ----------
    delivery : of the job
    reply : makes the JSON
    with_usage : whether the usage comes at the end
    """

    def __init__(self, delivery: Delivery, reply: Reply, *, with_usage: bool) -> None:
        self._delivery = delivery
        super().__init__(
            _events(delivery, reply, with_usage=with_usage),
            media_type="text/event-stream",
            # a proxy that collects pieces would turn the stream into one answer
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, or notice that nobody listens."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._delivery.cancel()


async def _events(delivery: Delivery, reply: Reply, *, with_usage: bool) -> AsyncIterator[str]:
    opening = reply.opening()
    if opening is not None:
        yield _event(opening)
    while True:
        try:
            async with asyncio.timeout(SIGN_OF_LIFE):
                event = await delivery.next()
        except TimeoutError:
            yield ": still at work\n\n"
            continue
        if isinstance(event, str):
            yield _event(reply.piece(event))
        elif isinstance(event, Ending):
            yield _event(reply.closing(event))
            if with_usage:
                yield _event(reply.count(event))
            yield "data: [DONE]\n\n"
            return
        else:
            # the status was sent with the first piece: the error is a piece itself
            yield _event(problem(event).json)
            return


def _event(value: Json) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"
