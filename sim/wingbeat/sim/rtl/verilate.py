"""From Verilog to a shared library, by Verilator and the C++ compiler; built once, then cached."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from wingbeat.hw.errors import DeviceError
from wingbeat.sim.rtl.cpp import (
    COMMON_FLAGS,
    DEADLINE,
    NATIVE,
    Practice,
    compile_cpp,
    compile_library,
    compiler,
    compiler_version,
    verilator_root,
)
from wingbeat.sim.rtl.primitives import models
from wingbeat.sim.rtl.verilog import (
    TOP,
    WAVES_PASSES,
    Design,
    to_fast_verilog,
    to_verilog,
    yosys_version,
)
from wingbeat.sim.rtl.waves import FST_HEADERS, FST_LIBRARIES, WRITERS, WaveFormat

Optimise = Literal["compile", "speed", "behaviour"]

SOURCES = sorted(NATIVE.iterdir())

# "compile": unit tests, where the compiler is most of the time; "speed": minutes of simulation;
# "behaviour": whole models, with arithmetic as in `hw.rtl.behaviour`.
# -O3, -mbmi2 and -march=native simulate no faster than -O2.
FLAGS: dict[Optimise, list[str]] = {
    "compile": ["-O1"],
    "speed": ["-O2"],
    "behaviour": ["-O2"],
}
RUNTIME = ("verilated.cpp", "verilated_threads.cpp")
# fmt: off
VERILATOR_FLAGS = [
    "--cc", "--top-module", TOP, "--prefix", "Vtop", "-O3", "--no-timing",
    "-Wno-lint", "-Wno-style", "-Wno-UNOPTFLAT", "--x-assign", "fast", "--x-initial", "fast",
    # 5.48 widens `{1'b0, x, y}` by its sign where it inlines: see docs/verification.md
    "--inline-cfuncs", "0",
    # what `sharing` left as a module stays one: a third of the time to compile
    "--inline-mult", "1",
]
# fmt: on


def cache_folder() -> Path:
    """Return the folder of builds: `$XDG_CACHE_HOME/wingbeat/rtl`, or below `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "wingbeat" / "rtl"


def verilator(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Verilator (its program, not its Perl wrapper); messages are in `stderr`."""
    root = verilator_root()
    return subprocess.run(
        [root / "bin" / "verilator_bin", *arguments],
        env={**os.environ, "VERILATOR_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )


def tools() -> list[str]:
    """Return what a build depends on besides its sources: versions and flags."""
    return [compiler_version(), version("verilator"), *VERILATOR_FLAGS, *COMMON_FLAGS]


def digest(*parts: str) -> str:
    """Return what names a build in the cache: 32 hexadecimal digits."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """Yield a folder to build in under `target`'s lock; its contents are thrown away after."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = Path(tempfile.mkdtemp(dir=target.parent, prefix="build-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def runtime(sources: tuple[str, ...], *flags: str) -> Path:
    """Return files of Verilator's runtime as one object file: the same for all designs."""
    target = cache_folder() / f"runtime-{digest(*sources, *flags, *tools())}.o"
    if not target.exists():
        with building(target) as folder:
            if not target.exists():
                source = folder / "runtime.cpp"
                source.write_text("".join(f'#include "{name}"\n' for name in sources))
                compile_cpp("-O2", *flags, "-c", source, "-o", folder / "runtime.o")
                (folder / "runtime.o").rename(target)
    return target


def _port_table(design: Design) -> str:
    """Return the C++ that tells model.cpp the ports; Verilator writes `__` as `___05F`."""
    rows = "".join(
        f"    PORT({port.name.replace('__', '___05F')}, {port.width}, {int(port.is_input)})\n"
        for port in design.ports.values()
    )
    flags = f"#define CLOCKED {int(design.clocked)}\n#define RESETTABLE {int(design.resettable)}\n"
    return f"{flags}#define PORTS \\\n" + rows.replace("\n", " \\\n") + "\n"


def _wave_flags(waves: WaveFormat) -> tuple[list[str], list[str]]:
    """Return what Verilator and what the C++ compiler need besides, to write waves.

    Raises
    ------
    DeviceError
        If the C++ compiler lacks a header.
    """
    if waves == "fst":
        check_fst()
    header = f'-DWAVES_HEADER="verilated_{waves}_c.h"'
    flags = [header, f"-DWAVES_WRITER={WRITERS[waves]}"]
    return [f"--trace-{waves}", "--trace-max-width", "1024"], flags


def check_fst() -> None:
    """Refuse to build a writer of FST without what it is made of: DeviceError."""
    source = "".join(f"#include <{header}>\n" for header in FST_HEADERS)
    command = [compiler(), "-E", "-x", "c++", "-"]
    if subprocess.run(command, input=source, capture_output=True, text=True).returncode:
        raise DeviceError(
            f"waves as FST must find the C headers {' and '.join(FST_HEADERS)} (packages "
            "liblz4-dev and zlib1g-dev of Debian); a file that ends in .vcd needs neither"
        )


def build(
    design: Design,
    optimise: Optimise = "compile",
    waves: WaveFormat | None = None,
    practice: Practice | None = None,
) -> Path:
    """Return the shared library of `design` (C ABI: native/model.cpp), building it if need be.

    One that writes waves keeps the modules as they were written. One that may practise
    (`compile_library`) takes twice as long to compile.
    """
    flags, tracing, libraries = FLAGS[optimise], list[str](), list[str]()
    if waves is not None:
        tracing, defines = _wave_flags(waves)
        flags = [*flags, *defines]
        libraries = list(FST_LIBRARIES) if waves == "fst" else []
    instantiated = models(design.rtlil)
    sources = [source.read_text() for source in (*SOURCES, *instantiated)]
    table = _port_table(design)
    how = "practised" if practice is not None else "as it is"
    name = digest(design.rtlil, table, yosys_version(), *tools(), *tracing, *flags, *sources, how)
    target = cache_folder() / f"{name}.so"
    if target.exists():
        return target
    with building(target) as folder:
        if not target.exists():
            top = folder / f"{TOP}.v"
            fast = waves is None
            top.write_text(to_fast_verilog(design) if fast else to_verilog(design, WAVES_PASSES))
            process = verilator(*VERILATOR_FLAGS, *tracing, "--Mdir", folder, top, *instantiated)
            if process.returncode:
                raise RuntimeError(f"Verilator failed:\n{process.stderr}")
            (folder / "ports.inc").write_text(table)
            everything = folder / "everything.cpp"
            generated = sorted(folder.glob("Vtop*.cpp"))
            names = [*(source.name for source in generated), "model.cpp"]
            if waves is not None:
                names.insert(0, f"verilated_{waves}_c.cpp")  # its templates, before they are used
            if optimise == "behaviour":
                names.insert(0, "arithmetic.h")  # so that it is inlined
            everything.write_text("".join(f'#include "{name}"\n' for name in names))
            objects: list[str | Path] = [runtime(RUNTIME), *libraries]
            compile_library(everything, flags, objects, practice).rename(target)
    return target
