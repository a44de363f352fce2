"""The way in which tests are run can fail, too: it must not hide a failure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cocotb
import pytest
from cocotb.triggers import ClockCycles
from tests.cocotb.bench import start, until
from tests.cocotb.build import build, prepared
from tests.cocotb.simulation import failures, simulate
from tests.cocotb.wrapper import name_of

from wingbeat.hw.rtl.lane.skid import Skid

SUBJECT = "WINGBEAT_SUBJECT"
"""Tells the cocotb tests below which of them is meant."""


@pytest.fixture(scope="module")
def program() -> Path:
    return build(Skid(16))


@pytest.mark.parametrize(("subject", "message"), [
    ("assertion", "failed: one_subject.*1 is not 2"),
    ("never", "output_valid must be high within 50 cycles"),
    ("crash", "failed: the simulator, which left no results"),
])  # fmt: skip
def test_a_failure_is_told(program: Path, tmp_path: Path, subject: str, message: str) -> None:
    with pytest.raises(AssertionError, match=f"(?s){message}"):
        simulate(program, __name__, tmp_path, {SUBJECT: subject})


def test_a_simulation_has_a_deadline(program: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not done after 5 s"):
        simulate(program, __name__, tmp_path, {SUBJECT: "forever"}, deadline=5)


def test_a_module_without_tests_fails(program: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"no tests|no results"):
        simulate(program, "tests.cocotb.pauses", tmp_path)


def test_all_is_well(program: Path, tmp_path: Path) -> None:
    simulate(program, __name__, tmp_path, {SUBJECT: "nothing"})
    assert failures(tmp_path / "results.xml") == []


def test_a_program_is_built_once(program: Path) -> None:
    def fail() -> Any:
        raise AssertionError("made again")

    assert build(Skid(16)) == program
    assert prepared("skid of 16", lambda: Skid(16)) == program
    assert prepared("skid of 16", fail) == program
    assert build(Skid(17)) != program


@pytest.mark.parametrize(("port", "name"), [
    ("memory__0__aw__addr", "memory_0_awaddr"), ("control__r__data", "control_rdata"),
    ("bus__ar__valid", "bus_arvalid"), ("request__payload", "request_payload"), ("irq", "irq"),
    ("w__valid", "wvalid"), ("w__other", "w_other"),
])  # fmt: skip
def test_names_of_ports(port: str, name: str) -> None:
    assert name_of(port) == name


@cocotb.test()
async def one_subject(dut: Any) -> None:
    subject = os.environ[SUBJECT]
    await start(dut)
    if subject == "assertion":
        raise AssertionError("1 is not 2")
    if subject == "never":
        await until(dut, dut.output_valid, limit=50)
    if subject == "crash":
        os.abort()
    while subject == "forever":
        await ClockCycles(dut.clk, 1000)
