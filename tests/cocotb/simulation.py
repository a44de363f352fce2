"""Run a module of cocotb tests in a simulator of their own, with a deadline."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

from cocotb_tools.runner import Verilator
from tests.cocotb.build import build
from tests.cocotb.wrapper import DUT

from wingbeat.sim.rtl.verilog import Component

ROOT = Path(__file__).parents[2]
LOG_LINES = 40

WAVES = os.environ.get("WAVES", "0") != "0"
"""Whether the simulator writes `dump.vcd`: as for cocotb's own runner, WAVES=1 in the shell."""


class Runner(Verilator):
    """cocotb's runner for a program of `tests.cocotb.build`, stopped after a deadline.

    Parameters
    ----------
    deadline : seconds
    """

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline

    def _set_env_test(self) -> None:
        super()._set_env_test()
        # the simulator's Python finds the tests as `tests.cocotb...`
        self.env["PYTHONPATH"] = os.pathsep.join([str(ROOT), self.env["PYTHONPATH"]])

    def _execute_cmds(
        self, cmds: Sequence[list[str]], cwd: str | PathLike[str], stdout: TextIO | None = None
    ) -> None:
        for command in cmds:
            subprocess.run(
                command,
                cwd=cwd,
                env=self.env,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                timeout=self._deadline,
                check=True,
            )


def verify(component: Component, module: str, folder: Path) -> None:
    """Build a component and run all cocotb tests of a module on it, as `simulate` does."""
    simulate(build(component, waves=WAVES), module, folder)


def simulate(
    program: Path,
    module: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    deadline: float = 300,
) -> None:
    """Run all cocotb tests of a module.

    Parameters
    ----------
    program : from `tests.cocotb.build`
    module : name of the tests' module
    folder : to be filled: `log.txt`, `results.xml`, and `dump.vcd` if there are to be waves
    environment : variables for the tests
    deadline : seconds

    Raises
    ------
    AssertionError
        If a test fails, if there is none, or the deadline passes; with the end of the log.
    """
    log, results = folder / "log.txt", folder / "results.xml"
    try:
        Runner(deadline).test(
            hdl_toplevel=DUT,
            hdl_toplevel_lang="verilog",
            test_module=module,
            build_dir=program,
            test_dir=folder,
            results_xml=str(results.resolve()),
            log_file=log,
            extra_env={"COCOTB_LOG_LEVEL": "WARNING", **(environment or {})},
            waves=WAVES,
            seed=1,
        )
    except (SystemExit, subprocess.CalledProcessError):
        pass  # the results tell
    except subprocess.TimeoutExpired:
        raise AssertionError(f"not done after {deadline} s: {_end_of(log)}") from None
    failed = failures(results)
    if failed:
        raise AssertionError(f"failed: {', '.join(failed)}\n{_end_of(log)}")


def failures(results: Path) -> list[str]:
    """Return the names of the tests that failed; a simulation without tests is a failure too."""
    if not results.exists():
        return ["the simulator, which left no results"]
    cases = list(ElementTree.parse(results).iter("testcase"))
    if not cases:
        return ["the module, which has no tests"]
    bad = [case for case in cases if {"failure", "error"} & {part.tag for part in case}]
    return [case.attrib["name"] for case in bad]


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
