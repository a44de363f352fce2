"""From a component to a program that cocotb's tests run in; built once, then cached.

The Verilog, Verilator's flags and the compiler's are those of the harness (`sim.rtl.verilate`), so
both simulate the same machine. Only the main program differs: cocotb's instead of a C ABI.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cocotb_tools.config
from tests.cocotb import wrapper

from wingbeat.sim.rtl import verilate
from wingbeat.sim.rtl.cpp import compile_cpp
from wingbeat.sim.rtl.prepared import sources_digest
from wingbeat.sim.rtl.primitives import models
from wingbeat.sim.rtl.verilog import (
    SIMULATION_PASSES,
    WAVES_PASSES,
    Component,
    Design,
    elaborate,
    to_verilog,
    yosys_version,
)

MAIN = Path(cocotb_tools.config.share_dir) / "lib" / "verilator" / "verilator.cpp"
LIBRARIES = Path(cocotb_tools.config.libs_dir)
RUNTIME = (*verilate.RUNTIME, "verilated_vpi.cpp")
OURS = (Path(__file__), Path(wrapper.__file__), MAIN)


def build(
    component: Component, optimise: verilate.Optimise = "compile", waves: bool = False
) -> Path:
    """Return the folder of the program `dut`, building it if the cache does not have it.

    One that writes waves keeps the modules as they were written.

    Parameters
    ----------
    component : `amaranth.lib.wiring.Component`, not elaborated elsewhere
    optimise : as for `Simulation`
    waves : whether the program can write a VCD file
    """
    design = elaborate(component)
    sources = [model.read_text() for model in models(design.rtlil)]
    digest = _digest(design.rtlil, optimise, str(waves), *sources)
    target = verilate.cache_folder() / f"cocotb-{digest}"
    if not target.exists():
        with verilate.building(target) as folder:
            if not target.exists():
                _compile(design, folder, verilate.FLAGS[optimise], waves)
                finished = folder / "finished"
                finished.mkdir()
                (folder / wrapper.DUT).rename(finished / wrapper.DUT)
                finished.rename(target)
    return target


def prepared(
    key: str,
    make: Callable[[], Component],
    optimise: verilate.Optimise = "compile",
    waves: bool = False,
) -> Path:
    """Do as `build`, but do not even make the component while no source has changed.

    Parameters
    ----------
    key : tells the component from others of the same sources
    """
    digest = _digest(key, optimise, str(waves), sources_digest())
    note = verilate.cache_folder() / f"cocotb-{digest}.txt"
    if note.exists():
        found = verilate.cache_folder() / note.read_text()
        if found.exists():
            return found
    found = build(make(), optimise, waves)
    aside = note.with_suffix(f".{os.getpid()}")
    aside.write_text(found.name)
    aside.rename(note)
    return found


def _digest(*parts: str) -> str:
    tools = (*verilate.tools(), yosys_version())
    return verilate.digest(*parts, *tools, *(source.read_text() for source in OURS))


def _compile(design: Design, folder: Path, flags: list[str], waves: bool) -> None:
    """Build the program `dut` in a folder."""
    written = {
        "access.vlt": wrapper.access(design),
        "dut.v": wrapper.verilog(design),
        "top.v": to_verilog(design, WAVES_PASSES if waves else SIMULATION_PASSES),
    }
    for name, text in written.items():
        (folder / name).write_text(text)
    process = verilate.verilator(
        *verilate.VERILATOR_FLAGS,
        *("--top-module", wrapper.DUT, "--vpi", "--Mdir", folder),
        *(["--trace-vcd"] if waves else []),
        *(folder / name for name in written),
        *models(design.rtlil),
    )
    if process.returncode:
        raise RuntimeError(f"Verilator failed:\n{process.stderr}")
    everything = folder / "everything.cpp"
    included = [*sorted(path.name for path in folder.glob("Vtop*.cpp")), str(MAIN)]
    everything.write_text("".join(f'#include "{name}"\n' for name in included))
    # cocotb's library calls back into the program
    common = ("-fvisibility=default", f"-DVM_TRACE={waves:d}", f"-DVM_TRACE_VCD={waves:d}")
    sources = (*RUNTIME, "verilated_vcd_c.cpp") if waves else RUNTIME
    compile_cpp(
        *flags,
        *common,
        f"-I{folder}",
        *(everything, verilate.runtime(sources, *common)),
        *("-o", folder / wrapper.DUT),
        *(f"-L{LIBRARIES}", f"-Wl,-rpath,{LIBRARIES}", "-lcocotbvpi_verilator", "-pthread"),
    )
