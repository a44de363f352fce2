"""Components as netlists: RAM where a memory is meant, DSP slices as many as declared, no loops.

The whole machine takes an hour for three families: `make synthesis`.
"""

from __future__ import annotations

from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.boards.family import ECP5, FAMILIES, Family
from wingbeat.boards.synthesis import synthesise
from wingbeat.hw.config import CHAIN_SLICES
from wingbeat.hw.errors import SynthesisError
from wingbeat.hw.rtl import dsp_count
from wingbeat.hw.rtl.fp32.integer_scale import IntegerScale
from wingbeat.hw.rtl.fp32.multiplier import Multiplier, ScaleMultiplier
from wingbeat.hw.rtl.fp32.quantiser import ScaleOf
from wingbeat.hw.rtl.lane.cascade_chain import chain_of
from wingbeat.hw.rtl.memory.block_ram import BlockRam

families = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


@families
def test_a_chain_is_its_slices(family: Family) -> None:
    """Nothing is left of the multiplications but primitives."""
    netlist = synthesise(chain_of(family.multiplier), family)
    assert netlist.count("dsps") == dsp_count.chain(family.multiplier)
    assert netlist.count("dsps") == CHAIN_SLICES * (2 if family is ECP5 else 1)


@families
@pytest.mark.parametrize(
    ("component", "bits"),
    [(Multiplier, None), (ScaleMultiplier, 11), (ScaleOf, None)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_significands_meet_in_dsp_slices(family: Family, component: Any, bits: int | None) -> None:
    declared = dsp_count.multiplier(family.multiplier, *([bits] if bits else []))
    assert synthesise(component(), family).count("dsps") == declared


@families
def test_so_do_integers_and_scales(family: Family) -> None:
    netlist = synthesise(IntegerScale(21), family)
    assert netlist.count("dsps") == dsp_count.product(family.multiplier, 21, 11)


@families
def test_a_large_memory_is_block_ram(family: Family) -> None:
    """1024 rows of 128 bits with a write enable a word: four RAMs of 36 kbit, or eight of 18."""
    netlist = synthesise(BlockRam(128, 1024, parts=4), family)
    assert set(netlist.memories) == {"ram.rows"}
    assert netlist.count("block_rams") == 8
    assert netlist.count("lut_rams") == 0 and netlist.count("registers") == 0


@families
def test_tables_are_ram(family: Family) -> None:
    memories = synthesise(ScaleOf(), family).memories
    assert "FF" not in memories.values()


class _Loop(wiring.Component):
    a: In(1)
    b: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.b.eq(~(self.a & self.b))
        return m


def test_a_loop_is_an_error() -> None:
    with pytest.raises(SynthesisError, match="loop"):
        synthesise(_Loop(), ECP5)
