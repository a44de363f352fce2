"""From a netlist to a bitstream, with a component that is small enough to do it in a minute."""

from __future__ import annotations

from pathlib import Path

import pytest
from amaranth.hdl import Fragment

from wingbeat.boards.family import ECP5
from wingbeat.boards.route import Routed, route
from wingbeat.boards.synthesis import synthesise
from wingbeat.hw.errors import SynthesisError
from wingbeat.hw.rtl.fp32.adder import Adder
from wingbeat.hw.rtl.fp32.multiplier import Multiplier

CLOCK_MHZ = 40


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Routed:
    folder = tmp_path_factory.mktemp("route")
    component = Multiplier()
    return route(component, synthesise(component, ECP5), CLOCK_MHZ, folder)


def test_nothing_is_left_out(routed: Routed) -> None:
    """Every cell of the netlist is on the device, with the pins' registers and the PLL."""
    alone = synthesise(Multiplier(), ECP5).cells
    for name, count in alone.items():
        if not name.startswith("$"):
            assert routed.cells[name] >= count
    assert routed.used["MULT18X18D"] == alone["MULT18X18D"]
    bits = 3 * 32  # two operands and a product, each shifted through one register into another
    assert routed.used["TRELLIS_FF"] >= alone["TRELLIS_FF"] + 2 * bits
    assert routed.used["EHXPLLL"] == 1


def test_it_meets_the_clock_of_the_board(routed: Routed) -> None:
    assert CLOCK_MHZ < routed.clock_mhz < 400


def test_the_bitstream_is_for_the_device(routed: Routed) -> None:
    """ecppack writes the part's name in front of the data, and the device's id code into them."""
    content = routed.bitstream.read_bytes()
    assert b"LFE5U-85F" in content[:200]
    assert bytes.fromhex("41113043") in content


def test_a_netlist_of_another_component_is_refused(tmp_path: Path) -> None:
    other = Adder()
    Fragment.get(other, None)  # Amaranth warns of components that nobody elaborates
    with pytest.raises(SynthesisError):
        route(other, synthesise(Multiplier(), ECP5), CLOCK_MHZ, tmp_path)
