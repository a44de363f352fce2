"""Components as netlists: RAM where a memory is meant, DSP slices as many as declared, no loops.

The whole machine takes an hour for three families: `make synthesis`.
"""

from __future__ import annotations

import pytest
from amaranth.hdl import Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from wingbeat.boards.family import ECP5, FAMILIES, Family
from wingbeat.boards.synthesis import synthesise
from wingbeat.hw.config import CHAIN_SLICES
from wingbeat.hw.errors import SynthesisError
from wingbeat.hw.rtl import dsp_count
from wingbeat.hw.rtl.fp32.multiplier import Multiplier, ScaleMultiplier
from wingbeat.hw.rtl.fp32.quantiser import ScaleOf
from wingbeat.hw.rtl.lane.cascade_chain import chain_of
from wingbeat.hw.rtl.lane.scale_unit import ScaleUnit
from wingbeat.hw.rtl.memory.block_ram import BlockRam

families = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


@families
def test_a_chain_is_its_slices(family: Family) -> None:
    """Nothing is left of the multiplications but primitives."""
    netlist = synthesise(chain_of(family.multiplier), family)
    assert netlist.count("dsps") == dsp_count.chain(family.multiplier)
    assert netlist.count("dsps") == CHAIN_SLICES * (2 if family is ECP5 else 1)


@families
def test_significands_meet_in_dsp_slices(family: Family) -> None:
    primitive = family.multiplier
    for component, declared in (
        (Multiplier(), dsp_count.multiplier(primitive)),
        (ScaleMultiplier(), dsp_count.multiplier(primitive, ScaleMultiplier.B_BITS)),
        (ScaleOf(), dsp_count.constant_multiplier(primitive, dsp_count.SCALE_OF_SIGNIFICAND)),
    ):
        found = synthesise(component, family).count("dsps")
        assert found == declared, type(component).__name__


@families
def test_a_scale_unit_is_as_large_as_declared(family: Family) -> None:
    netlist = synthesise(ScaleUnit(), family)
    assert netlist.count("dsps") == dsp_count.scale_unit(family.multiplier)


@families
def test_a_large_memory_is_block_ram(family: Family) -> None:
    """1024 rows of 128 bits with a write enable a word: four RAMs of 36 kbit, or eight of 18."""
    netlist = synthesise(BlockRam(128, 1024, parts=4), family)
    assert set(netlist.memories) == {"ram.rows"}
    assert netlist.count("block_rams") == 8
    assert netlist.count("lut_rams") == 0
    # an ECP5 does not say what a read of the row being written returns: yosys adds what does
    assert netlist.count("registers") <= (2 * 128 + 32 if family is ECP5 else 0)


@families
def test_tables_are_ram(family: Family) -> None:
    memories = synthesise(ScaleOf(), family).memories
    assert "FF" not in memories.values()


class _Unknown(wiring.Component):
    def __init__(self) -> None:
        super().__init__({"a": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.box = Instance("BLACK_BOX", i_a=self.a)
        return m


def test_what_yosys_complains_of_is_an_error() -> None:
    """Such as a primitive that the family lacks. (Loops do not come so far: Amaranth sees them.)"""
    with pytest.raises(SynthesisError, match="BLACK_BOX"):
        synthesise(_Unknown(), ECP5)
