"""The driver over a simulated board that runs by itself, as a real one does."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from tests.sim.rtl.test_machine import CONFIGURATIONS
from tests.sim.runner import compiled

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.register_map import RegisterMap
from wingbeat.sim.heap import Heap
from wingbeat.sim.rtl.board import SimulatedBoard
from wingbeat.sim.rtl.memory import Answer, Fault
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.device.rtl import RtlDevice
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.driver.transport import Bytes
from wingbeat.sw.session import Session

PROMPT = [5, 77, 300, 12, 9]
START, SIZE = 0x8_0000_0000, 8 << 20


class BoardTransport:
    """A simulated board in this process; all of its memory is garbage at first."""

    name = "board"
    registers_in_flight = True

    def __init__(self, board: SimulatedBoard) -> None:
        self.board = board
        self.heap = Heap(START, SIZE)
        board.memory[:] = np.random.default_rng(3).integers(0, 256, SIZE, np.uint8)

    def read_register(self, offset: int) -> int:
        return self.board.read_register(offset)

    def write_register(self, offset: int, value: int) -> None:
        self.board.write_register(offset, value)

    def allocate(self, count: int, port: int) -> BoardBuffer:
        return BoardBuffer(self.board, self.heap.allocate(count))

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def reset(self) -> None:
        self.board.reset()

    def close(self) -> None:
        self.board.close()


class BoardBuffer:
    def __init__(self, board: SimulatedBoard, address: int) -> None:
        self.address = address
        self._board = board

    def read(self, offset: int, count: int) -> Bytes:
        return self._board.read_memory(self.address + offset, count)

    def write(self, offset: int, data: Bytes) -> None:
        self._board.write_memory(self.address + offset, data)

    def free(self) -> None:
        """The board goes, and its memory with it."""


@pytest.fixture(scope="module")
def image() -> Image:
    return compiled(context=64, slots=2, **CONFIGURATIONS["one lane"])


@pytest.fixture
def board(image: Image) -> Iterator[SimulatedBoard]:
    with SimulatedBoard(image.manifest.config, SIZE, START) as board:
        yield board


def generated(device: Device, image: Image, patience: float = 60.0) -> tuple[list[int], int]:
    device.load(image)
    tokens = list(Session(device, image, patience=patience).generate(PROMPT, 6))
    return tokens, device.cycles


def test_tokens_and_cycles_are_those_of_every_other_machine(
    image: Image, board: SimulatedBoard
) -> None:
    tokens, cycles = generated(DriverDevice(BoardTransport(board)), image)
    assert (tokens, cycles) == generated(RtlDevice(), image)
    assert tokens == generated(IsaDevice(), image)[0]


def test_a_bus_error_is_named_and_the_next_request_served(
    image: Image, board: SimulatedBoard
) -> None:
    device = DriverDevice(BoardTransport(board))
    tokens, _ = generated(device, image)
    session = Session(device, image, slot=1)
    board.ports[0].inject(Fault(Answer.SLVERR, after=200))
    with pytest.raises(DeviceError, match="with error MEMORY_BUS"):
        list(session.generate(PROMPT, 6))
    assert list(Session(device, image, slot=1).generate(PROMPT, 6)) == tokens


def test_a_memory_that_hangs_is_diagnosed_and_a_new_load_goes_on(
    image: Image, board: SimulatedBoard
) -> None:
    device = DriverDevice(BoardTransport(board))
    board.ports[0].inject(Fault(Answer.NEVER, after=200))
    with pytest.raises(DeviceError, match=r"make progress within 0.5 s.* cycles; units: "):
        generated(device, image, patience=0.5)
    board.ports[0].inject(None)
    assert generated(device, image)[0] == generated(IsaDevice(), image)[0]


def test_a_board_that_is_closed_says_so(board: SimulatedBoard) -> None:
    board.close()
    board.close()
    with pytest.raises(DeviceError, match="must be open"):
        board.read_register(RegisterMap.IDENTITY.word())


def test_memory_has_an_end(board: SimulatedBoard) -> None:
    for address in (START - 1, START + SIZE - 3):
        with pytest.raises(DeviceError, match="must lie in device memory"):
            board.read_memory(address, 4)
