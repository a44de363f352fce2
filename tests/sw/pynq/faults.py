"""Ways to break a board, and what to break it with."""

from __future__ import annotations

import contextlib
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np
from tests.sw.pynq.far import ROOT, Far, FarError

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.sim.rtl.board import Bytes, SimulatedBoard

DEADLINE = 240.0
"""Seconds within which a server process serves: it may have to generate its RTL."""


def message(far: Far, *request: object) -> str:
    """Return the error of a request; it must be one of the family, and one sentence."""
    name, *arguments = request
    try:
        getattr(far, str(name))(*arguments)
    except FarError as error:
        kind, _, text = str(error).partition(": ")
        assert not kind.startswith("unexpected"), error
        assert "\n" not in text
        assert any(_fits(text, row) for row in documented()), f"not in docs/drivers.md: {text}"
        return text
    raise AssertionError(f"{name} must fail")


@cache
def documented() -> list[str]:
    """Messages in the driver page's table about PYNQ."""
    page = (ROOT / "docs" / "drivers.md").read_text(encoding="utf-8")
    table = page.partition("### What can go wrong with PYNQ")[2].partition("\n## ")[0]
    return [line.split(" | ")[1].rstrip(" |") for line in table.splitlines() if " | " in line][1:]


def _fits(text: str, row: str) -> bool:
    """Whether a message has every part of a row; numbers and dots stand for anything."""
    parts = [re.escape(part) for part in re.split(r"\d+|\bN\b|\bU\b|\.\.\.|`", row)]
    return re.search(".*".join(parts), text) is not None


class FaultyBoard(SimulatedBoard):
    """A board whose registers and memory can be made to fail on the way to the host."""

    def __init__(self, config: AcceleratorConfig, memory_bytes: int) -> None:
        super().__init__(config, memory_bytes)
        self.flips = 0
        """So many writes of more than a word arrive with one bit flipped."""
        self.gone = False
        """Whether all registers read as ones, as they do where nothing answers."""

    def write_memory(self, address: int, data: bytes | Bytes) -> None:
        if self.flips and len(data) > 4:
            self.flips -= 1
            data = np.array(data, np.uint8)
            data[len(data) // 2] ^= 0x10
        super().write_memory(address, data)

    def read_register(self, offset: int) -> int:
        return 0xFFFFFFFF if self.gone else super().read_register(offset)


class ServerProcess:
    """`wingbeat board serve` as a user starts it."""

    def __init__(self, port: int = 0) -> None:
        code = "from wingbeat.sw.cli.app import main; main()"
        command = [sys.executable, "-c", code, "board", "serve", "--board", "sim1"]
        command += ["--listen", f"127.0.0.1:{port}"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, env=dict(os.environ))
        self.address = self._wait()

    def _wait(self) -> str:
        stderr = self._process.stderr
        assert stderr is not None
        deadline, text = time.monotonic() + DEADLINE, ""
        while time.monotonic() < deadline:
            if select.select([stderr], [], [], 1)[0]:
                text += os.read(stderr.fileno(), 4096).decode()
                if found := re.search(r"pynq://[\d.]+:\d+", text):
                    return found[0]
            assert self._process.poll() is None, text
        raise AssertionError(f"no server: {text}")

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """Ask it to end; return its exit code."""
        self._process.terminate()
        return self._process.wait(30)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()


class Cable:
    """A TCP connection to a server that can be yanked out, and put in again."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def yank(self) -> None:
        """Break what is connected."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def close(self) -> None:
        self._listener.close()
        self.yank()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_carry, args=(source, sink), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def flipped(path: Path, place: float, target: Path) -> Path:
    """Copy a file with one bit changed at a share of its length."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0x20
    target.write_bytes(data)
    return target
