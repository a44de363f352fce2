"""What can be wrong with files and with device memory when an image is loaded."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.sim.runner import TINY
from tests.sw.pynq.conftest import MEMORY, Served
from tests.sw.pynq.far import Far
from tests.sw.pynq.faults import FaultyBoard, flipped, message

from wingbeat.boards.board import load_board
from wingbeat.boards.overlay.design import Design
from wingbeat.boards.overlay.pair import write_simulation_pair
from wingbeat.compiler.driver import compile_model
from wingbeat.compiler.image import Image, save_image


@pytest.fixture
def bitstream(design: Design, tmp_path: Path) -> Path:
    return write_simulation_pair(design, tmp_path / "overlay")


def with_bitstream(served: Served, bitstream: Path) -> str:
    return f"{served.address}{bitstream}"


def works(far: Far, served: Served, path: Path) -> None:
    far.open(served.address)
    far.load(str(path))
    assert len(far.generate(2)[0]) == 2


def test_a_corrupt_bitstream(served: Served, far: Far, path: Path, bitstream: Path) -> None:
    flipped(bitstream, 0.8, bitstream)
    far.open(with_bitstream(served, bitstream))
    assert "the bitstream's description must have the CRC32C" in message(far, "load", str(path))
    works(far, served, path)


def test_a_bitstream_that_is_cut_off(served: Served, far: Far, path: Path, bitstream: Path) -> None:
    bitstream.write_bytes(bitstream.read_bytes()[:-8])
    far.open(with_bitstream(served, bitstream))
    assert "Invalid length found" in message(far, "load", str(path))
    works(far, served, path)


def test_a_bitstream_for_another_configuration(
    served: Served, far: Far, path: Path, design: Design, tmp_path: Path
) -> None:
    other = dataclasses.replace(design, config=load_board("kv260").accelerator)
    far.open(with_bitstream(served, write_simulation_pair(other, tmp_path)))
    text = message(far, "load", str(path))
    assert f"the bitstream must be of configuration {design.config.digest}" in text
    works(far, served, path)


def test_a_bitstream_without_a_handoff_file(
    served: Served, far: Far, path: Path, bitstream: Path
) -> None:
    bitstream.with_suffix(".hwh").unlink()
    far.open(with_bitstream(served, bitstream))
    assert "Unable to find metadata for bitstream" in message(far, "load", str(path))
    works(far, served, path)


def test_a_handoff_file_of_another_version(
    served: Served, far: Far, path: Path, bitstream: Path
) -> None:
    handoff = bitstream.with_suffix(".hwh")
    text = handoff.read_text(encoding="utf-8")
    moved = re.sub(
        r'(<REGISTER NAME="WATCHDOG">.*?NAME="ADDRESS_OFFSET" VALUE=)"0x1c"',
        r'\1"0x3c"', text, count=1, flags=re.DOTALL,
    )  # fmt: skip
    assert moved != text
    handoff.write_text(moved, encoding="utf-8")
    # as any tool that made the pair would have it: PYNQ keeps what it parsed by the .bit's hash
    bitstream.write_bytes(bitstream.read_bytes().replace(b"1970/01/01", b"1970/01/02"))
    far.open(with_bitstream(served, bitstream))
    assert "register WATCHDOG must be at 0x1c in the handoff file, not at 60" in message(
        far, "load", str(path)
    )
    works(far, served, path)


def test_an_image_for_another_configuration(
    served: Served, far: Far, path: Path, bitstream: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.safetensors"
    save_image(compile_model(TINY, load_board("sim4"), context=64).image, other)
    far.open(with_bitstream(served, bitstream))
    text = message(far, "load", str(other))
    assert "has configuration" in text and "that the image was compiled for (board sim4)" in text
    far.load(str(path))
    assert len(far.generate(2)[0]) == 2


def test_an_image_of_another_instruction_set(
    served: Served, far: Far, path: Path, image: Image, tmp_path: Path
) -> None:
    other = tmp_path / "other.safetensors"
    manifest = image.manifest.model_copy(update={"isa_version": image.manifest.isa_version + 1})
    save_image(dataclasses.replace(image, manifest=manifest), other)
    far.open(served.address)
    assert "ISA version" in message(far, "load", str(other))
    works(far, served, path)


def test_a_corrupt_image(served: Served, far: Far, path: Path, tmp_path: Path) -> None:
    far.open(served.address)
    text = message(far, "load", str(flipped(path, 0.5, tmp_path / "bad.safetensors")))
    assert "CRC32C" in text
    works(far, served, path)


def test_an_image_that_is_cut_off(served: Served, far: Far, path: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.safetensors"
    short.write_bytes(path.read_bytes()[:-1000])
    far.open(served.address)
    message(far, "load", str(short))
    works(far, served, path)


def test_a_bit_that_flips_in_device_memory(
    serve: Callable[..., Served], far: Far, path: Path, design: Design
) -> None:
    hardware = FaultyBoard(design.config, design.memory_bytes)
    served = serve(hardware)
    hardware.flips = 1
    far.open(served.address)
    text = message(far, "load", str(path))
    assert re.search(
        r"must keep what is written to its memory: .* reads back with CRC32C \w+, not \w+", text
    )
    works(far, served, path)


def test_a_device_whose_memory_is_full(served: Served, far: Far, path: Path) -> None:
    far.open(served.address)
    far.load(str(path))
    far.hold(MEMORY // 2)
    text = message(far, "hold", MEMORY // 2)
    assert f"device memory must have {MEMORY // 2} bytes in one piece, and has" in text
    far.release()
    assert far.hold(MEMORY // 2) > 0
    far.release()
    assert len(far.generate(2)[0]) == 2


def test_a_buffer_larger_than_the_protocol_can_say(served: Served, far: Far, path: Path) -> None:
    far.open(served.address)
    far.load(str(path))
    assert "must be 2147483647 bytes at most, not 2147483648" in message(far, "hold", 1 << 31)
    assert len(far.generate(2)[0]) == 2


def test_a_device_that_has_gone(
    serve: Callable[..., Served], far: Far, path: Path, design: Design
) -> None:
    hardware = FaultyBoard(design.config, design.memory_bytes)
    served = serve(hardware)
    hardware.gone = True
    far.open(served.address)
    text = message(far, "load", str(path))
    assert "must identify itself as 0x54424757, not as 0xffffffff" in text
    hardware.gone = False
    works(far, served, path)
