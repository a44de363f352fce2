"""What a board answers, without a network."""

from __future__ import annotations

import pytest
from tests.sw.board.memory_board import MEMORY, MemoryBoard, design

from wingbeat.boards.overlay.bitfile import Description
from wingbeat.boards.overlay.processors import ZYNQ_7000, ZYNQ_ULTRASCALE
from wingbeat.hw.errors import BitstreamError, DeviceError
from wingbeat.sw.board.board import FIRST_ALLOCATION, Board
from wingbeat.sw.board.claim import Claim
from wingbeat.sw.board.files import BOARD_FILE, BOARD_NAME, FIRMWARE, LARGEST, MANAGER, Files
from wingbeat.sw.board.processing_system import ProcessingSystem


@pytest.fixture
def hardware() -> MemoryBoard:
    return MemoryBoard()


@pytest.fixture
def board(hardware: MemoryBoard) -> Board:
    return Board(design(), hardware)


def firmware() -> bytes:
    """What PYNQ makes of a .bit."""
    from wingbeat.boards.overlay.bitfile import _pack

    return _pack(Description(design().config, "0" * 64))


def test_addresses_lead_to_memory_registers_and_leds(board: Board, hardware: MemoryBoard) -> None:
    bus, base = board.bus, design().accelerator_base
    bus.write(0x2000, 0x01020304)
    assert hardware.memory[0x2000:0x2004].tolist() == [4, 3, 2, 1]
    assert bus.read(0x2000) == 0x01020304
    bus.write(base + 0x40, 7)
    assert hardware.registers == {0x40: 7} and bus.read(base + 0x40) == 7
    bus.write(design().leds_base, 0x15)
    assert bus.read(design().leds_base) == 5
    bus.write(0xFF5E00C0, 0x123)
    assert bus.read(0xFF5E00C0) == 0x123


@pytest.mark.parametrize("address", [MEMORY, 0x8000_0000, 0xA000_1000, 1 << 32])
def test_where_nothing_is_nothing_answers(board: Board, address: int) -> None:
    for access in (lambda: board.bus.read(address), lambda: board.bus.write(address, 1)):
        with pytest.raises(DeviceError, match=f"address {address:#x} must belong to"):
            access()


def test_a_range_of_addresses_has_an_end(board: Board) -> None:
    window = board.open_window(0x1000, 16)
    assert board.address(window, 12) == 0x100C
    for offset in (2, 16):
        with pytest.raises(DeviceError, match="must be a multiple of 4 within"):
            board.address(window, offset)
    with pytest.raises(DeviceError, match="range `mmio-9` must be opened"):
        board.address("mmio-9", 0)


def test_the_processors_caches_are_between(board: Board, hardware: MemoryBoard) -> None:
    buffers = board.buffers
    name = buffers.allocate(16)
    address = buffers[name].address
    assert address >= FIRST_ALLOCATION
    buffers.write(name, 0, b"abcd")
    assert bytes(hardware.memory[address : address + 4]) == bytes(4)
    buffers.flush(name)
    assert bytes(hardware.memory[address : address + 4]) == b"abcd"
    hardware.write_memory(address, b"wxyz")
    assert bytes(buffers[name].cached[:4]) == b"abcd"
    buffers.invalidate(name)
    assert bytes(buffers[name].cached[:4]) == b"wxyz"


def test_memory_is_finite_and_comes_back(board: Board) -> None:
    buffers = board.buffers
    size = MEMORY - FIRST_ALLOCATION
    name = buffers.allocate(size)
    with pytest.raises(DeviceError, match="bytes in one piece, and has 0 of"):
        buffers.allocate(1)
    buffers.free(name)
    with pytest.raises(DeviceError, match=f"buffer `{name}` must be held"):
        buffers.free(name)
    with pytest.raises(DeviceError, match="16 bytes at most, not 17"):
        buffers.write(buffers.allocate(16), 1, bytes(16))
    buffers.free_all()
    buffers.allocate(size)


def test_files_are_those_that_pynq_looks_for(board: Board) -> None:
    files = board.files
    assert b"aarch64" in files.read("/proc/version")
    assert files.read(BOARD_FILE).decode() == BOARD_NAME
    assert files.exists(MANAGER + "flags") and not files.exists("/proc/device-tree/family")
    files.write("/tmp/x", b"1")
    assert files.read("/tmp/x") == b"1"
    for path in ("/etc/passwd", "/lib/firmware/../x/y", "/tmp"):
        with pytest.raises(DeviceError, match=r"must lie in /lib/firmware/ or /tmp/"):
            files.write(path, b"")
    with pytest.raises(DeviceError, match="must exist on the board"):
        files.read("/etc/passwd")
    with pytest.raises(DeviceError, match="files on the board must be 64 MiB at most"):
        files.write("/tmp/big", bytes(LARGEST + 1))
    assert b"armv7l" in Files(ZYNQ_7000, lambda data: None).read("/proc/version")


def test_a_bitstream_resets_the_accelerator(board: Board, hardware: MemoryBoard) -> None:
    board.files.write(FIRMWARE + "a.bin", firmware())
    board.files.write(MANAGER + "firmware", b"a.bin")
    assert hardware.resets == 1


def test_a_bitstream_that_is_damaged_is_taken_away(board: Board) -> None:
    board.files.write(FIRMWARE + "a.bin", firmware()[:-4])
    with pytest.raises(BitstreamError, match="must "):
        board.files.write(MANAGER + "firmware", b"a.bin")
    assert not board.files.exists(FIRMWARE + "a.bin")
    with pytest.raises(DeviceError, match="must be written before it is loaded"):
        board.files.write(MANAGER + "firmware", b"a.bin")


def test_clocks_are_plausible() -> None:
    ultrascale, zynq = ProcessingSystem(ZYNQ_ULTRASCALE), ProcessingSystem(ZYNQ_7000)
    assert (ultrascale.read(0xFF5E0020) >> 8) & 0x7F == 45
    assert (zynq.read(0xF8000108) >> 12) & 0x7F == 20


def test_a_board_has_one_client_at_a_time() -> None:
    living = {"a", "b"}
    released: list[None] = []
    claim = Claim(lambda: released.append(None), living.__contains__)
    claim.take("a")
    claim.take("a")
    with pytest.raises(DeviceError, match="the board must be free, and client a has it"):
        claim.take("b")
    assert not released
    living.remove("a")
    claim.take("b")
    assert len(released) == 1
