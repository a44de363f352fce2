"""This side of `far_side`: a host in PYNQ's own environment."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import execnet
from tests.sw.pynq import far_side

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-pynq" / "bin" / "python"

DEADLINE = 240.0
"""Seconds for one request; nothing here may wait for ever."""


class FarError(Exception):
    """What a request raised over there: `Class: text`."""


class Far:
    """A process that runs PYNQ."""

    def __init__(self) -> None:
        self._gateway = execnet.makegateway(f"popen//python={PYTHON}")
        self._channel = self._gateway.remote_exec(far_side)
        # bitstreams are kept in the cache, and not in that of whoever runs the tests
        self._cache = tempfile.TemporaryDirectory()
        self.environment("XDG_CACHE_HOME", self._cache.name)

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            self._channel.send((name, arguments))
            kind, value = self._channel.receive(DEADLINE)
            if kind != "ok":
                raise FarError(f"{kind}: {value}")
            return value

        return call

    def kill(self) -> None:
        """End the process at once, as a crash does."""
        self._gateway._io.popen.kill()
        self._gateway._io.popen.wait()
        self._cache.cleanup()

    def exit(self) -> None:
        """End the process."""
        self._gateway.exit()
        self._gateway.join(10)
        self._cache.cleanup()
