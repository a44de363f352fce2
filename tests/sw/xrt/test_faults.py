"""What can go wrong with a card: nothing hangs, nothing is silently wrong, and a retry works.

`docs/drivers.md` lists these with their messages.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.sw.xrt.faulty import FaultyBoard

from wingbeat.boards.xclbin.container import container
from wingbeat.boards.xclbin.emulation import emulation_xclbin
from wingbeat.boards.xclbin.structures import Mode, SectionKind
from wingbeat.compiler.image import Image, save_image
from wingbeat.hw.control import RING_ENTRIES, ControlBlock
from wingbeat.hw.errors import DeviceError, ImageError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.register_map import RegisterMap
from wingbeat.sim.rtl.memory import Answer, Fault
from wingbeat.sim.xrt.card import EmulatedCard
from wingbeat.sw import LLM
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.opening import open_device
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.session import Session
from wingbeat.sw.xrt import installation
from wingbeat.sw.xrt.device import XrtDevice
from wingbeat.sw.xrt.transport import XrtTransport

PROMPT = [5, 77, 300, 12, 9]
COUNT = 3


@pytest.fixture(scope="module")
def wanted(image: Image) -> list[int]:
    device = IsaDevice()
    device.load(image)
    return list(Session(device, image).generate(PROMPT, COUNT))


@pytest.fixture
def device(card: EmulatedCard, image: Image) -> Iterator[XrtDevice]:
    """A card with the image in it, and little patience."""
    device = XrtDevice(patience=2.0)
    device.load(image)
    yield device
    device.close()


def tokens(device: Device, image: Image, patience: float = 30.0) -> list[int]:
    return list(Session(device, image, patience=patience).generate(PROMPT, COUNT))


def retried(image: Image) -> list[int]:
    """What a user gets who tries once more."""
    device = open_device("xrt:0")
    try:
        device.load(image)
        return tokens(device, image)
    finally:
        device.close()


# ---- no card ----------------------------------------------------------------------------------


def test_no_xrt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installation, "AMD", tmp_path)
    monkeypatch.setattr(installation, "DEBIAN", tmp_path)
    monkeypatch.delenv("XILINX_XRT", raising=False)
    with pytest.raises(DeviceError, match="XRT must be installed: libxrt_coreutil"):
        XrtTransport(xclbin=tmp_path / "x.xclbin")
    monkeypatch.setenv("XILINX_XRT", str(tmp_path))
    with pytest.raises(DeviceError, match="XILINX_XRT must name a folder with lib/libxrt"):
        XrtTransport(xclbin=tmp_path / "x.xclbin")


def test_no_xclbin_named(environment: None) -> None:
    with pytest.raises(DeviceError, match="WINGBEAT_XCLBIN must name the file"):
        open_device("xrt:0")


@pytest.mark.parametrize("name", ["xrt", "xrt:", "xrt:one", "xrt:-1"])
def test_no_number_of_a_card(name: str) -> None:
    with pytest.raises(DeviceError, match=f"must have the number of a card, not `{name}`"):
        open_device(name)


def test_no_xclbin_there(card: EmulatedCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINGBEAT_XCLBIN", "/nowhere.xclbin")
    with pytest.raises(DeviceError, match=r"device xrt:0, /nowhere.xclbin: .*No such file"):
        open_device("xrt:0")


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_corrupt_xclbin(card: EmulatedCard, image: Image, wanted: list[int], damage: str) -> None:
    path = Path(card.environment["WINGBEAT_XCLBIN"])
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[2000] ^= 1
    path.write_bytes(whole[:-100] if damage == "truncated" else flipped)
    with pytest.raises(DeviceError, match="an xclbin must be as it was written"):
        open_device("xrt:0")
    path.write_bytes(whole)
    assert retried(image) == wanted


def test_an_xclbin_of_another_kernel(card: EmulatedCard, image: Image) -> None:
    path = Path(card.environment["WINGBEAT_XCLBIN"])
    metadata = b"<project><platform><device><core/></device></platform></project>"
    path.write_bytes(container({SectionKind.EMBEDDED_METADATA: metadata}, Mode.HW_EMU, "other"))
    with pytest.raises(DeviceError, match=r"device xrt:0"):
        open_device("xrt:0")
    path.write_bytes(emulation_xclbin(image.manifest.config, 16 << 20))
    open_device("xrt:0").close()


def test_no_such_card(card: EmulatedCard) -> None:
    with pytest.raises(DeviceError, match="device xrt:7 must be xrt:0, the only card"):
        open_device("xrt:7")


def test_no_device_process(card: EmulatedCard) -> None:
    card.close()
    with pytest.raises(DeviceError, match=r"emulated card must answer.*`wingbeat board emulate`"):
        open_device("xrt:0")


def test_a_second_client(device: XrtDevice, image: Image, wanted: list[int]) -> None:
    with pytest.raises(DeviceError, match=f"card must be free, and process {os.getpid()} has it"):
        open_device("xrt:0")
    assert tokens(device, image) == wanted
    device.close()
    assert retried(image) == wanted


# ---- another machine --------------------------------------------------------------------------


@pytest.mark.parametrize(("register", "reason"), [
    (RegisterMap.IDENTITY, r"must identify itself as a wingbeat accelerator"),
    (RegisterMap.ISA_VERSION, "runs ISA version 7, not"),
    (RegisterMap.DIGEST, "has configuration [0-9a-f]{8}00000007, not"),
])  # fmt: skip
def test_another_machine(
    device: XrtDevice,
    board: FaultyBoard,
    image: Image,
    wanted: list[int],
    register: RegisterMap,
    reason: str,
) -> None:
    board.read[register.word()] = 7
    with pytest.raises(DeviceError, match=f"device xrt:0 {reason}"):
        device.load(image)
    board.heal()
    device.load(image)
    assert tokens(device, image) == wanted


def test_a_corrupt_image(device: XrtDevice, image: Image, tmp_path: Path) -> None:
    path = tmp_path / "image.safetensors"
    save_image(image, path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    with pytest.raises(ImageError, match="CRC32C"):
        LLM(path, device)
    save_image(image, path)
    LLM(path, device)


# ---- memory -----------------------------------------------------------------------------------


def test_a_bit_flips_on_its_way(
    device: XrtDevice, board: FaultyBoard, image: Image, wanted: list[int]
) -> None:
    board.flips = 5000
    with pytest.raises(DeviceError, match=r"xrt:0 must keep what is written.*CRC32C"):
        device.load(image)
    board.heal()
    device.load(image)
    assert tokens(device, image) == wanted


def test_memory_is_full(device: XrtDevice, image: Image, wanted: list[int]) -> None:
    transport = device._link.transport
    taken = [transport.allocate(8 << 20, 0)]
    with pytest.raises(DeviceError, match=r"bad_alloc.*: 16777216 bytes in one piece for memory"):
        transport.allocate(16 << 20, 0)
    for buffer in taken:
        buffer.free()
    device.load(image)
    assert tokens(device, image) == wanted


def test_memory_reports_an_error(
    device: XrtDevice, board: FaultyBoard, image: Image, wanted: list[int]
) -> None:
    board.board.ports[0].inject(Fault(Answer.SLVERR, after=200))
    with pytest.raises(DeviceError, match=r"stopped at instruction \d+ .*error MEMORY_BUS"):
        tokens(device, image)
    assert tokens(device, image) == wanted


def test_memory_answers_from_nowhere(
    device: XrtDevice, board: FaultyBoard, image: Image, wanted: list[int]
) -> None:
    board.written[RegisterMap.MEMORY_BASE.word(1)] = 0x700
    device.load(image)
    with pytest.raises(DeviceError, match=r"must make progress within 0.5 s.*MEMORY_BUS"):
        # not even the error can be written to memory; registers have it
        tokens(device, image, patience=0.5)
    board.heal()
    device.load(image)
    assert tokens(device, image) == wanted


# ---- programs ---------------------------------------------------------------------------------


def test_a_program_that_hangs(
    device: XrtDevice, board: FaultyBoard, image: Image, wanted: list[int]
) -> None:
    board.board.ports[0].inject(Fault(Answer.NEVER, after=200))
    with pytest.raises(
        DeviceError,
        match=r"make progress within 0.5 s.*instructions retired; registers: RUNNING.*"
        r"instructions in \d+ cycles; units: LD \w+, .*SYS \w+",
    ):
        tokens(device, image, patience=0.5)
    board.board.ports[0].inject(None)
    device.load(image)
    assert tokens(device, image) == wanted


def test_a_program_that_is_given_up_by_the_watchdog(
    device: XrtDevice, board: FaultyBoard, image: Image, wanted: list[int]
) -> None:
    board.written[RegisterMap.WATCHDOG.word()] = 100
    device.load(image)
    with pytest.raises(DeviceError, match=r"stopped at instruction \d+ .* error WATCHDOG"):
        tokens(device, image)
    board.heal()
    device.load(image)
    assert tokens(device, image) == wanted


def test_a_program_that_does_not_start(
    device: XrtDevice, board: FaultyBoard, image: Image, wanted: list[int]
) -> None:
    board.deaf.add(RegisterMap.CONTROL.word())
    with pytest.raises(DeviceError, match=r"must make progress within 0.5 s"):
        tokens(device, image, patience=0.5)
    board.heal()
    device.load(image)
    assert tokens(device, image) == wanted


def test_a_program_that_does_not_become_idle(
    device: XrtDevice, board: FaultyBoard, image: Image, wanted: list[int]
) -> None:
    board.read[RegisterMap.CONTROL.word()] = 1
    with pytest.raises(DeviceError, match="must be idle within 2 s of its program's end"):
        tokens(device, image)
    board.heal()
    device.load(image)
    assert tokens(device, image) == wanted


def test_a_damaged_program(
    device: XrtDevice, board: FaultyBoard, image: Image, wanted: list[int]
) -> None:
    transport = device._link.transport
    device._buffers[0].write(image.memory.program_start * 16, np.full(32, 0xFF, np.uint8))
    with pytest.raises(DeviceError, match=r"stopped at instruction 0 .*ILLEGAL_INSTRUCTION"):
        tokens(device, image)
    assert transport.name == "xrt:0"
    device.load(image)
    assert tokens(device, image) == wanted


@pytest.mark.parametrize(("field", "value", "reason"), [
    ("state", 77, "must be in a state that there is, not 77"),
    ("head", RING_ENTRIES + 9, "must hold 64 tokens at most, not 73"),
])  # fmt: skip
def test_a_damaged_control_block(
    device: XrtDevice,
    board: FaultyBoard,
    image: Image,
    wanted: list[int],
    field: str,
    value: int,
    reason: str,
) -> None:
    board.deaf.add(RegisterMap.CONTROL.word())
    session = Session(device, image)
    stream = session.generate(PROMPT, COUNT)
    start = device.start

    def damage(arguments: dict[str, int]) -> None:
        start(arguments)
        control = image.memory["control"].start * WORDS_PER_BEAT
        device.write(control + ControlBlock.word(field), [value])

    device.start = damage  # type: ignore[method-assign, assignment]
    with pytest.raises(DeviceError, match=reason):
        next(stream)
    del device.start
    board.heal()
    device.load(image)
    assert tokens(device, image) == wanted


# ---- connections ------------------------------------------------------------------------------


def test_the_device_process_ends_in_mid_stream(
    device: XrtDevice, card: EmulatedCard, board: FaultyBoard, image: Image, wanted: list[int],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    llm = LLM(image, device)
    stream = llm.stream("The king", max_tokens=50)
    next(stream)
    begin = time.monotonic()
    card.close()
    with pytest.raises(DeviceError, match="the process that emulates it has ended"), stream:
        list(stream)
    assert time.monotonic() - begin < 5
    with EmulatedCard(board, image.manifest.config, 16 << 20, tmp_path) as again:
        monkeypatch.setenv("EMULATION_SOCKETID", again.environment["EMULATION_SOCKETID"])
        assert retried(image) == wanted


def test_the_device_process_does_not_answer(
    device: XrtDevice, board: FaultyBoard, image: Image, wanted: list[int]
) -> None:
    stream = Session(device, image).generate(PROMPT, 50)
    next(stream)
    board.hang()
    with pytest.raises(DeviceError, match=r"xrt:0 must answer within 2 s, and does not"):
        list(stream)
    board.heal()
    device.load(image)
    assert tokens(device, image) == wanted


def test_the_process_with_the_library_ends(
    device: XrtDevice, image: Image, wanted: list[int]
) -> None:
    stream = Session(device, image).generate(PROMPT, 50)
    next(stream)
    children = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, text=True
    ).stdout
    worker = re.search(r"(\d+) .*wingbeat\.sw\.xrt\.worker", children)
    assert worker is not None
    os.kill(int(worker[1]), signal.SIGKILL)
    with pytest.raises(DeviceError, match="xrt:0 must stay connected, and XRT ended with code -9"):
        list(stream)
    with pytest.raises(DeviceError, match="must be connected: load the image again"):
        tokens(device, image)
    device.load(image)
    assert tokens(device, image) == wanted


def test_registers_cannot_be_accessed(
    device: XrtDevice, board: FaultyBoard, image: Image, wanted: list[int]
) -> None:
    board.broken = True
    with pytest.raises(DeviceError, match=r"device xrt:0: xrtKernel\w+Register must succeed"):
        tokens(device, image)
    board.heal()
    device.load(image)
    assert tokens(device, image) == wanted


def test_the_driver_ends_in_mid_stream(device: XrtDevice, image: Image, wanted: list[int]) -> None:
    stream = Session(device, image).generate(PROMPT, 50)
    next(stream)
    # what remains of a driver that is killed: nothing, and the card is idle for the next one
    device._link.transport.close()
    with pytest.raises(DeviceError, match="must be connected"):
        stream.close()
    assert retried(image) == wanted
