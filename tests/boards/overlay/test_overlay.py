from __future__ import annotations

import dataclasses
import struct
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from wingbeat.boards.board import load_board
from wingbeat.boards.overlay.bitfile import Description, read_firmware, simulation_bit_file
from wingbeat.boards.overlay.design import VLNV, overlay_design
from wingbeat.boards.overlay.handoff import handoff, register_words
from wingbeat.boards.overlay.pair import write_simulation_pair
from wingbeat.boards.overlay.processors import ZYNQ_7000, ZYNQ_ULTRASCALE
from wingbeat.hw.errors import BitstreamError, ConfigError
from wingbeat.hw.register_map import Control, RegisterMap

SIM1 = overlay_design(load_board("sim1"))


def firmware(bit: bytes) -> bytes:
    """The contents of a .bit, words swapped, as PYNQ unpacks it."""
    place = 13
    while (key := bit[place]) != ord("e"):
        place += 3 + struct.unpack_from(">H", bit, place + 1)[0]
    assert key == ord("e")
    (size,) = struct.unpack_from(">I", bit, place + 1)
    assert len(bit) == place + 5 + size
    return np.frombuffer(bit[place + 5 :], "<u4").byteswap().tobytes()


def written(tmp_path: Path) -> bytes:
    return write_simulation_pair(SIM1, tmp_path).read_bytes()


def test_every_register_is_in_the_handoff_file() -> None:
    root = ElementTree.fromstring(handoff(SIM1))
    found = {}
    for register in root.iter("REGISTER"):
        values = {p.get("NAME"): p.get("VALUE") for p in register.findall("PROPERTY")}
        found[register.get("NAME")] = int(str(values["ADDRESS_OFFSET"]), 16)
    assert found == {word.name: word.offset for word in register_words()}
    assert len(found) == sum(register.value.words for register in RegisterMap)
    assert found["ARGUMENT_3"] == RegisterMap.ARGUMENT.word(3)


def test_bits_have_names() -> None:
    root = ElementTree.fromstring(handoff(SIM1))
    (control,) = (r for r in root.iter("REGISTER") if r.get("NAME") == "CONTROL")
    assert [f.get("NAME") for f in control.iter("FIELD")] == [bit.name for bit in Control]


@pytest.mark.parametrize("board", ["sim1", "kv260", "pynq_z2", "zcu104"])
def test_the_accelerator_is_where_the_processor_looks(board: str) -> None:
    design = overlay_design(load_board(board))
    root = ElementTree.fromstring(handoff(design))
    modules = {m.get("INSTANCE"): m for m in root.iter("MODULE")}
    assert modules["wingbeat"].get("VLNV") == VLNV
    values = {p.get("NAME"): p.get("VALUE") for p in modules["wingbeat"].iter("PARAMETER")}
    assert values["DIGEST"] == design.config.digest
    (window,) = (r for r in modules["ps"].iter("MEMRANGE") if r.get("INSTANCE") == "wingbeat")
    assert int(str(window.get("BASEVALUE")), 16) == design.accelerator_base
    assert len(list(modules["wingbeat"].iter("MEMRANGE"))) == design.config.ports


def test_families_differ() -> None:
    assert overlay_design(load_board("pynq_z2")).processor is ZYNQ_7000
    assert overlay_design(load_board("kv260")).processor is ZYNQ_ULTRASCALE


def test_a_clock_is_never_faster_than_asked_for() -> None:
    for clock in (50, 100, 225, 250, 300, 333):
        assert ZYNQ_ULTRASCALE.pll_mhz / ZYNQ_ULTRASCALE.divisor(clock) < clock * 1.01
    assert (ZYNQ_7000.divisor(100), ZYNQ_ULTRASCALE.divisor(250)) == (10, 6)


def test_too_many_ports_for_a_processor_are_refused() -> None:
    with pytest.raises(ConfigError, match="`ports` must be at most 6 on a zynq_ultra_ps_e, not 8"):
        overlay_design(load_board("u280"))


def test_the_bitstream_says_what_it_is(tmp_path: Path) -> None:
    bit = written(tmp_path)
    assert b";SIMULATION\0" in bit and b"simulation of none\0" in bit
    assert bytes.fromhex("aa995566") not in bit  # the synchronisation word
    assert read_firmware(firmware(bit)).config == SIM1.config


def test_the_bitstream_knows_its_handoff_file(tmp_path: Path) -> None:
    bit = written(tmp_path)
    other = dataclasses.replace(SIM1, memory_bytes=SIM1.memory_bytes // 2)
    assert other.name == SIM1.name
    assert write_simulation_pair(other, tmp_path).read_bytes() != bit


def test_the_same_design_gives_the_same_files(tmp_path: Path) -> None:
    assert written(tmp_path / "a") == written(tmp_path / "b")
    assert sorted(p.suffix for p in (tmp_path / "a").iterdir()) == [".bit", ".hwh"]


def test_damage_is_found() -> None:
    bit = simulation_bit_file(Description(SIM1.config, "0" * 64), "a", "b")
    good = firmware(bit)
    assert read_firmware(good).handoff == "0" * 64
    for bad, rule in (
        (b"", "whole words"),
        (good[:-1], "whole words"),
        (good[:40], "it is cut off"),
        (bytes(64), "made for hardware"),
        (good[:50] + b"#" + good[51:], "must have the CRC32C"),
    ):
        with pytest.raises(BitstreamError, match=rule):
            read_firmware(bad)
