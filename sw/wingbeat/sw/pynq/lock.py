"""One overlay at a time: PYNQ keeps what it knows of the fabric in files of its own package."""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pynq

from wingbeat.hw.errors import DeviceError

PATIENCE = 120.0
"""Seconds within which another process must have loaded its overlay."""

_LOOK = 0.02


def lock_path() -> Path:
    """Return the file that is locked: one for each place where PYNQ is installed."""
    package = hashlib.sha256(str(Path(pynq.__file__).parent).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"wingbeat-pynq-{package}.lock"


@contextmanager
def pynq_state() -> Iterator[None]:
    """Keep other processes that use the same PYNQ from loading an overlay meanwhile.

    Raises
    ------
    DeviceError
        If one of them does not come to an end.
    """
    path = lock_path()
    deadline = time.monotonic() + PATIENCE
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    raise DeviceError(
                        f"another process must load its overlay within {PATIENCE:g} s, and still "
                        f"holds `{path}`"
                    ) from None
                time.sleep(_LOOK)
        yield
