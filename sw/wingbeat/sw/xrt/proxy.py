"""The driver's side of the process that XRT's library lives in."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.xrt.emulation import GONE
from wingbeat.sw.xrt.installation import variables

PATIENCE = 10.0
"""Seconds within which an access must be answered."""

OPENING = 60.0
"""Seconds within which a card must be open: loading an xclbin may program it."""


class Proxy:
    """A process with XRT in it, and one card open.

    Parameters
    ----------
    name : of the device, for errors
    patience : seconds within which an access must be answered
    """

    def __init__(self, name: str, patience: float = PATIENCE) -> None:
        self._name, self._patience = name, patience
        environment = os.environ | variables()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._channel, theirs = multiprocessing.Pipe()
        # a group of its own: in a fault the library sends signals to its whole group
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wingbeat.sw.xrt.worker", str(theirs.fileno())],
            env=environment,
            cwd=os.environ.get("SDACCEL_EM_RUN_DIR"),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()

    def open(self, index: int, xclbin: Path, kernel: str) -> None:
        """Open a card; see `Card`."""
        self._call(OPENING, "open", index, str(xclbin), kernel)

    def call(self, method: str, *arguments: object) -> Any:
        """Call a method of `Card`.

        Raises
        ------
        DeviceError
            If XRT refuses, or does not answer in time; or its process has ended.
        """
        return self._call(self._patience, method, *arguments)

    def close(self) -> None:
        """End the process; a second call does nothing."""
        self._channel.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._log.close()

    @property
    def closed(self) -> bool:
        """Whether the process has been ended."""
        return self._channel.closed

    def _call(self, patience: float, method: str, *arguments: object) -> Any:
        if self.closed:
            raise DeviceError(f"device {self._name} must be connected: load the image again")
        try:
            self._channel.send((method, arguments))
            if not self._channel.poll(patience):
                self._give_up(f"must answer within {patience:g} s, and does not ({method})")
            succeeded, result = self._channel.recv()
        except (EOFError, OSError):
            self._give_up(self._ended())
        if not succeeded:
            raise DeviceError(f"device {self._name}: {result}{self._last_words()}")
        return result

    def _give_up(self, reason: str) -> NoReturn:
        words = self._last_words()
        self.close()
        raise DeviceError(f"device {self._name} {reason}{words}")

    def _ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self._process.wait(1.0) == GONE:
                return "must stay connected, and the process that emulates it has ended"
        return f"must stay connected, and XRT ended with code {self._process.returncode}"

    def _last_words(self) -> str:
        """Return the last error that XRT has printed, for the end of a message."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()
        self._log.seek(0, os.SEEK_END)
        errors = [line for line in lines if "ERROR" in line]
        return f" ({errors[-1].strip()})" if errors else ""
