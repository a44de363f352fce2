"""The Verilog of what goes into an FPGA has no warnings. (Loops: every build has none.)"""

from __future__ import annotations

import pytest

from wingbeat.boards.board import load_board
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.accelerator import Accelerator
from wingbeat.hw.rtl.serial.host import SerialHost
from wingbeat.sim.rtl.lint import lint

CONFIGURATIONS = {
    "sim1": load_board("sim1").accelerator,
    "sim4": load_board("sim4").accelerator,
    "two columns, two ports, sparse": AcceleratorConfig(
        lanes=2, columns=2, ports=2, vector_lanes=8, formats=("int4g32s", "uint4g32", "int8g32")
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_no_warnings(name: str) -> None:
    assert not lint(Accelerator(CONFIGURATIONS[name]))


def test_a_host_on_a_serial_line_has_none_either() -> None:
    assert not lint(SerialHost(divisor=25, gap=1_500_000, memory_units=512))
