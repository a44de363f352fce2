"""Waves of a window of cycles."""

import contextlib
import re
import struct
from pathlib import Path

import pytest
from tests.sim.rtl.components import Counter

from wingbeat.hw.errors import DeviceError
from wingbeat.sim.rtl import verilate
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.waves import Waves


def changes(vcd: str, name: str) -> list[tuple[int, int]]:
    """Time and value of each change of a signal."""
    found = re.search(rf"\$var \w+ +\d+ (\S+) {name} ", vcd)
    assert found is not None, vcd
    time, values = 0, []
    for line in vcd[vcd.index("$enddefinitions") :].splitlines():
        if line.startswith("#"):
            time = int(line[1:])
        elif re.fullmatch(rf"b?([01]+) ?{re.escape(found[1])}", line):
            values.append((time, int(line.lstrip("b").split(found[1])[0].strip(), 2)))
    return values


def test_a_window_of_cycles_is_written(tmp_path: Path) -> None:
    sim = Simulation(Counter(), waves="vcd")
    path = tmp_path / "waves.vcd"
    sim.write_waves(Waves(path, "vcd", begin=5, cycles=3))
    sim.set("enable", 1)
    sim.step(20)
    sim.end_waves()
    vcd = path.read_text()
    assert "$timescale 1ps $end" in re.sub(r"\s+", " ", vcd)
    # a cycle is a nanosecond; the register changes when the clock rises, in its middle
    assert changes(vcd, "value") == [(5000, 5), (5500, 6), (6500, 7), (7500, 8)]
    assert changes(vcd, "clk") == [
        (5000, 0), (5500, 1), (6000, 0), (6500, 1), (7000, 0), (7500, 1)
    ]  # fmt: skip


def test_cycles_count_while_the_gate_is_open(tmp_path: Path) -> None:
    sim = Simulation(Counter(), waves="vcd")
    path = tmp_path / "waves.vcd"
    # bit 0 of the counter's value: every second cycle counts
    sim.write_waves(Waves(path, "vcd", begin=2, cycles=2), gate="value")
    sim.set("enable", 1)
    sim.step(20)
    sim.end_waves()
    assert changes(path.read_text(), "value") == [(2000, 5), (2500, 6), (3000, 7), (3500, 8)]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    waves = Waves(tmp_path / "none" / "waves.vcd", "vcd", 0, 1)
    with pytest.raises(DeviceError, match=r"waves `.*waves.vcd` must be writable"):
        Simulation(Counter(), waves="vcd").write_waves(waves)
    with pytest.raises(DeviceError, match="by a model built for waves"):
        Simulation(Counter()).write_waves(waves)


def test_fst_without_its_headers_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verilate, "FST_HEADERS", ("no_such_header.h",))
    with pytest.raises(DeviceError, match=r"must find the C headers no_such_header.h .*\.vcd"):
        Simulation(Counter(), waves="fst")


@pytest.fixture
def lz4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where LZ4 is there without its header: declare the two functions that are used."""
    with contextlib.suppress(DeviceError):
        verilate.check_fst()
        return
    libraries = sorted(Path("/").glob("*lib*/**/liblz4.so.1"))
    if not libraries or not Path("/usr/include/zlib.h").exists():
        pytest.skip("neither liblz4 nor zlib's header is installed")
    (tmp_path / "liblz4.so").symlink_to(libraries[0])
    (tmp_path / "lz4.h").write_text(
        '#pragma once\nextern "C" int LZ4_compressBound(int);\n'
        'extern "C" int LZ4_compress_default(const char*, char*, int, int);\n'
    )
    for variable in ("CPATH", "LIBRARY_PATH"):
        monkeypatch.setenv(variable, str(tmp_path))


@pytest.mark.usefixtures("lz4")
def test_fst(tmp_path: Path) -> None:
    sim = Simulation(Counter(), waves="fst")
    path = tmp_path / "waves.fst"
    sim.write_waves(Waves(path, "fst", begin=5, cycles=3))
    sim.set("enable", 1)
    sim.step(20)
    sim.end_waves()
    data = path.read_bytes()
    # the header block: type 0, length 329, first and last time
    kind, length, first, last = struct.unpack(">BQQQ", data[:25])
    assert (kind, length, first, last) == (0, 329, 5000, 7500)
