"""A server process, and clients of it: what `benchmarks.serve` measures with."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai

DEADLINE = 900.0
"""Seconds that a request may take."""

_KILLED = """
import json, sys, urllib.request
headers = {"Content-Type": "application/json"}
request = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), headers)
for line in urllib.request.urlopen(request):
    print(line.decode(), end="", flush=True)
"""


@dataclass(frozen=True)
class Heard:
    """One streamed answer, as its client heard it.

    Attributes
    ----------
    text : of the answer
    first, whole : seconds to the first piece, and to the end
    tokens, cached : generated ones; tokens of the prompt that were reused
    """

    text: str
    first: float
    whole: float
    tokens: int
    cached: int

    @property
    def seconds_a_token(self) -> float:
        """Seconds from a token to the next one."""
        return (self.whole - self.first) / (self.tokens - 1)


class Server:
    """A running `wingbeat serve`."""

    def __init__(self, url: str) -> None:
        self.url = url
        with self.client() as client:
            self.model = client.models.list().data[0].id

    def client(self) -> openai.OpenAI:
        """Return a client that does not try again."""
        return openai.OpenAI(
            base_url=f"{self.url}/v1", api_key="none", max_retries=0, timeout=DEADLINE
        )

    def options(self, prompt: str, count: int) -> dict[str, Any]:
        """Return a request for a stream of the best tokens."""
        return {
            "model": self.model, "prompt": prompt, "max_tokens": count, "temperature": 0,
            "stream": True, "stream_options": {"include_usage": True},
        }  # fmt: skip

    def ask(self, client: openai.OpenAI, prompt: str, count: int) -> Heard:
        """Stream an answer to its end."""
        begin = time.perf_counter()
        first, pieces, usage = None, [], None
        with client.completions.create(**self.options(prompt, count)) as stream:
            for chunk in stream:
                usage = chunk.usage or usage
                piece = chunk.choices[0].text if chunk.choices else ""
                if piece and first is None:
                    first = time.perf_counter()
                pieces.append(piece)
        end = time.perf_counter()
        assert first is not None
        assert usage is not None
        details = usage.prompt_tokens_details
        cached = details.cached_tokens if details else None
        text = "".join(pieces)
        return Heard(text, first - begin, end - begin, usage.completion_tokens, cached or 0)

    def ask_at_once(self, prompts: Sequence[str], count: int) -> list[Heard]:
        """Stream an answer to each prompt, all at the same time, each to a client of its own."""
        with contextlib.ExitStack() as stack, ThreadPoolExecutor(len(prompts)) as pool:
            clients = [stack.enter_context(self.client()) for _ in prompts]
            for client in clients:
                # the connection stands, so that what is measured is the server
                client.models.list()
            return list(pool.map(self.ask, clients, prompts, [count] * len(prompts)))

    def figure(self, name: str) -> float:
        """Return one of the server's own figures; 0 if it has none of that name."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=DEADLINE) as answer:
            lines = answer.read().decode().splitlines()
        found = [line.split()[-1] for line in lines if line.startswith(f"{name} ")]
        return float(found[0]) if found else 0.0

    @contextlib.contextmanager
    def victim(self, body: str) -> Iterator[subprocess.Popen[str]]:
        """Run a client as a process of its own; it is killed at the end of the block."""
        command = [sys.executable, "-c", _KILLED, f"{self.url}/v1/completions", body]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()


@contextlib.contextmanager
def serving(image: Path, device: str, turn: int) -> Iterator[Server]:
    """Run `wingbeat serve` on an image until the end of the block."""
    command: list[str | Path] = [
        Path(sys.executable).parent / "wingbeat", "serve", image, "--device", device,
        "--port", "0", "--turn", str(turn),
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            if found is None:
                raise RuntimeError(f"the server did not start: {line}{process.stderr.read()}")
            yield Server(found[0])
        finally:
            process.terminate()
            process.wait(60)
