"""A server within the test's process, and devices that fail or wait when they are told to."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import openai
from tests.sw.text.tokenizers import byte_level

from wingbeat.compiler.image import Image
from wingbeat.hw.control import State
from wingbeat.hw.errors import DeviceError
from wingbeat.sw import LLM
from wingbeat.sw.decoding import Request
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.protocol import Device, Loading, silently
from wingbeat.sw.sampler import Sampling
from wingbeat.sw.serving.app import create_app
from wingbeat.sw.serving.engine import Engine
from wingbeat.sw.serving.job import Ending, Event, Job
from wingbeat.sw.serving.metrics import Metrics
from wingbeat.sw.serving.server import Server, listen

DEADLINE = 60.0
"""Seconds after which a test gives up."""


class Faulty(IsaDevice):
    """Fails at the tokens of `faults`, counted from 0 over all requests; then it must be loaded."""

    def __init__(self, *faults: int, refused: int = 0) -> None:
        super().__init__()
        self.faults = set(faults)
        self.refused = refused
        self.loads = 0
        self.news = 0

    def load(self, image: Image, progress: Loading = silently) -> None:
        self.loads += 1
        if self.loads > 1 and self.refused:
            self.refused -= 1
            raise DeviceError("the cable is out")
        super().load(image, progress)

    def advance(self, deadline: float) -> State:
        state = super().advance(deadline)
        if state is State.RUNNING:
            self.news += 1
            if self.news - 1 in self.faults:
                self.close()
                raise DeviceError("the device caught fire")
        return state


class Held(IsaDevice):
    """Waits in each `advance` for a token of `permits`."""

    def __init__(self) -> None:
        super().__init__()
        self.permits = threading.Semaphore(0)
        self.starts: list[dict[str, int]] = []

    def start(self, arguments: Mapping[str, int]) -> None:
        self.starts.append(dict(arguments))
        super().start(arguments)

    def advance(self, deadline: float) -> State:
        assert self.permits.acquire(timeout=DEADLINE), "nobody lets the device go on"
        return super().advance(deadline)

    def go(self) -> None:
        """Wait no more."""
        self.permits.release(1_000_000)


class Told:
    """What a job's client is told."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.times: list[float] = []
        self.ending: Ending | None = None
        self.error: Exception | None = None
        self.ended = threading.Event()

    def __call__(self, event: Event) -> None:
        self.times.append(time.monotonic())
        if isinstance(event, str):
            self.pieces.append(event)
            return
        if isinstance(event, Ending):
            self.ending = event
        else:
            self.error = event
        self.ended.set()

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def wait(self) -> None:
        assert self.ended.wait(DEADLINE)


def job(llm: LLM, prompt: str, count: int = 8, told: Told | None = None) -> tuple[Job, Told]:
    """A job that takes the best token each time."""
    told = told or Told()
    ids = byte_level().encode(prompt).ids
    request: Request = llm.request(ids, count, Sampling())
    return Job(request, told), told


_ALONE: dict[tuple[Any, ...], tuple[Image, str]] = {}
"""Texts, and their images so that no other has the same identity."""


def alone(image: Image, prompt: str, count: int = 8, **options: Any) -> str:
    """The text that a model tells when nobody else asks; each is generated once."""
    key = (id(image), prompt, count, *sorted(options.items()))
    if key not in _ALONE:
        with LLM(image) as llm:
            _ALONE[key] = image, "".join(llm.stream(prompt, max_tokens=count, **options))
    return _ALONE[key][1]


def eventually(fact: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + DEADLINE
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.005)


@dataclass
class Served:
    """A running server."""

    url: str
    llm: LLM
    engine: Engine
    metrics: Metrics
    server: Server

    def client(self) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=f"{self.url}/v1", api_key="none", max_retries=0, timeout=DEADLINE
        )

    def figure(self, name: str) -> float:
        """A figure as Prometheus sees it."""
        lines = self.metrics.text().decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


@contextlib.contextmanager
def serving(
    image: Image, device: Device | str = "isa", key: str | None = None, **options: int
) -> Iterator[Served]:
    """Serve until the end of the block; options as of `Engine`."""
    with listen("127.0.0.1", 0) as listener, LLM(image, device) as llm:
        metrics = Metrics()
        engine = Engine(llm, metrics, **options)
        server = Server(create_app(llm, engine, metrics, key), engine, deadline=5.0)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            eventually(lambda: server.started)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield Served(url, llm, engine, metrics, server)
        finally:
            server.should_exit = True
            thread.join(DEADLINE)
            assert not thread.is_alive()
