"""The HTTP interface: OpenAI's, a page to chat on, and what operators need."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from importlib import resources

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from wingbeat.hw.errors import WingbeatError
from wingbeat.sw.decoding import Request as Generation
from wingbeat.sw.llm import LLM
from wingbeat.sw.serving.access import Access
from wingbeat.sw.serving.bodies import Body, ChatBody, CompletionBody
from wingbeat.sw.serving.bounds import Bounds
from wingbeat.sw.serving.delivery import Delivery, EventStream
from wingbeat.sw.serving.engine import Engine
from wingbeat.sw.serving.errors import UnknownModelError
from wingbeat.sw.serving.metrics import Metrics
from wingbeat.sw.serving.problems import problem
from wingbeat.sw.serving.replies import ChatReply, CompletionReply, Json, Reply

PAGE_MAY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser lets the page do: its own script, and requests to this server."""

LAST_SECONDS = 10.0
"""Seconds that the engine has to leave the device, once all requests have ended."""


def create_app(llm: LLM, engine: Engine, metrics: Metrics, key: str | None = None) -> FastAPI:
    """Return the application; the engine runs while it does.

    Parameters
    ----------
    llm : what is served
    engine : that serves it
    metrics : of the engine
    key : that clients must have; None lets everybody ask
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        engine.start()
        yield
        await asyncio.to_thread(engine.close, time.monotonic() + LAST_SECONDS)

    # the documentation pages would load their scripts from elsewhere
    app = FastAPI(title="wingbeat", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(Bounds)
    if key:
        # around the other one: nobody else's body is read
        app.add_middleware(Access, key=key)
    for family in (WingbeatError, RequestValidationError, HTTPException):
        app.add_exception_handler(family, _refuse)
    _add_openai(app, _Front(llm, engine))
    _add_operation(app, engine, metrics)
    return app


def _add_openai(app: FastAPI, front: _Front) -> None:
    @app.post("/v1/completions", response_model=None)
    async def completions(body: CompletionBody, http: Request) -> Response:
        return await front.answer(body, http, CompletionReply(front.model, front.fingerprint))

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(body: ChatBody, http: Request) -> Response:
        return await front.answer(body, http, ChatReply(front.model, front.fingerprint))

    @app.get("/v1/models")
    def models() -> Json:
        return {"object": "list", "data": [front.card]}

    @app.get("/v1/models/{model:path}")
    def model(model: str) -> Json:
        front.check_model(model)
        return front.card


def _add_operation(app: FastAPI, engine: Engine, metrics: Metrics) -> None:
    page = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")

    @app.get("/", response_class=HTMLResponse)
    def chat_page() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_MAY})

    @app.get("/health")
    def health() -> JSONResponse:
        return JSONResponse({"status": engine.health}, 200 if engine.health == "ok" else 503)

    @app.get("/metrics")
    def figures() -> PlainTextResponse:
        return PlainTextResponse(metrics.text(), media_type=CONTENT_TYPE_LATEST)


class _Front:
    """From a body to a response."""

    def __init__(self, llm: LLM, engine: Engine) -> None:
        manifest = llm.image.manifest
        self.model = manifest.model.name
        self.fingerprint = f"wb_{manifest.config_digest[:12]}"
        self.card: Json = {
            "id": self.model,
            "object": "model",
            "created": int(time.time()),
            "owned_by": "wingbeat",
            "context": manifest.program.context,
            "chats": llm.chats,
        }
        self._llm = llm
        self._engine = engine

    def check_model(self, name: str) -> None:
        """Refuse any other model."""
        if name != self.model:
            raise UnknownModelError(f"`model` must be `{self.model}`, not `{name[:64]}`")

    async def answer(self, body: Body, http: Request, reply: Reply) -> Response:
        """Serve a request, as a stream or as one object."""
        self.check_model(body.model)
        # a long text takes its time, in which other answers go on
        generation = await asyncio.to_thread(self._prepare, body)
        delivery = Delivery(self._engine, generation)
        if body.stream:
            return EventStream(delivery, reply, with_usage=body.stream_options.include_usage)
        collecting = asyncio.create_task(delivery.collect())
        leaving = asyncio.create_task(_left(http))
        try:
            await asyncio.wait((collecting, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not collecting.done():
                # nobody gets it
                return Response(status_code=499)
            text, ending = collecting.result()
            return JSONResponse(reply.whole(text, ending))
        finally:
            delivery.cancel()
            collecting.cancel()
            leaving.cancel()

    def _prepare(self, body: Body) -> Generation:
        llm, most = self._llm, self._llm.image.manifest.program.context
        if isinstance(body, ChatBody):
            prompt = llm.prompts.chat(body.conversation)
            most = body.max_tokens if body.max_tokens is not None else most
        else:
            assert isinstance(body, CompletionBody)
            text, most = body.text, body.max_tokens
            prompt = llm.prompts.raw(text) if isinstance(text, str) else text
        return llm.request(prompt, most, body.sampling, body.stops)


async def _left(http: Request) -> None:
    """Wait until the client hangs up."""
    while (await http.receive())["type"] != "http.disconnect":
        pass


def _refuse(_: Request, error: Exception) -> Response:
    return problem(error).response
