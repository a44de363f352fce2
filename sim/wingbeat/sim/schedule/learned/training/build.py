"""The compiled code of training: built by the C++ compiler, kept by what it is made of."""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.learned import network
from wingbeat.sim.schedule.learned.features import FARTHEST
from wingbeat.sim.schedule.learned.graph_view import FAR, NODE_FEATURES
from wingbeat.sim.schedule.learned.policy import ROUNDING

_DEADLINE = 300
"""Seconds that the compiler may take."""

_SOURCES = ("rollout.cpp", "emulator.h", "network.h")


@cache
def library() -> ctypes.CDLL:
    """Return the compiled code, built if it is not there yet.

    Raises
    ------
    ScheduleError
        If there is no C++ compiler, or it fails.
    """
    values = {
        "NODE_FEATURES": NODE_FEATURES,
        "PAIR_FEATURES": network.PAIR_FEATURES,
        "TASK_FEATURES": network.TASK_FEATURES,
        "QUEUE_FEATURES": network.QUEUE_FEATURES,
        "EMBEDDING": network.EMBEDDING,
        "HIDDEN": network.HIDDEN,
        "FAR": FAR,
        "FARTHEST": FARTHEST,
        "ROUNDING": ROUNDING,
    }
    flags = ["-O3", "-march=native", "-std=c++17", "-shared", "-fPIC"]
    flags += [f"-D{name}={value}" for name, value in values.items()]
    with as_file(files("wingbeat.sim.schedule.learned") / "native") as folder:
        parts = [(folder / name).read_text(encoding="utf-8") for name in _SOURCES]
        name = hashlib.sha256("\0".join([*flags, *parts]).encode()).hexdigest()[:32]
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        target = base / "wingbeat" / "schedule" / f"rollout-{name}.so"
        if not target.exists():
            _compile([*flags, str(folder / _SOURCES[0])], target)
    return ctypes.CDLL(str(target))


def _compile(arguments: list[str], target: Path) -> None:
    compiler = os.environ.get("CXX", "g++")
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as folder:
        aside = Path(folder) / target.name
        try:
            process = subprocess.run(
                [compiler, *arguments, "-o", str(aside)],
                capture_output=True,
                text=True,
                check=False,
                timeout=_DEADLINE,
            )
        except FileNotFoundError:
            raise ScheduleError(
                f"training needs a C++ compiler, and there is no `{compiler}` (`CXX` names one)"
            ) from None
        if process.returncode:
            raise ScheduleError(f"`{compiler}` failed: {process.stderr[:2000]}")
        aside.rename(target)
