"""The serial transport over a pseudo-terminal: bridge and accelerator in Verilator behind it."""

from __future__ import annotations

import os
import pty
import select
import threading
from collections.abc import Callable, Iterator

import pytest
from tests.hw.rtl.serial.line import MEMORY_UNITS, Line
from tests.sim.rtl.test_machine import CONFIGURATIONS
from tests.sim.runner import compiled

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.register_map import IDENTITY, RegisterMap
from wingbeat.hw.serial_frame import MEMORY_UNIT
from wingbeat.sim.rtl.board import SimulatedBoard
from wingbeat.sim.rtl.memory import MemoryPort
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.opening import open_device
from wingbeat.sw.device.rtl import RtlDevice
from wingbeat.sw.driver import serial
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.driver.serial import SerialTransport
from wingbeat.sw.session import Session

PROMPT = [5, 77, 300, 12, 9]


class Terminal:
    """A pseudo-terminal with a line at its far end, served by a thread.

    `damage` may change what comes from the host before the bridge sees it.
    """

    def __init__(self, line: Line) -> None:
        self._near, far = pty.openpty()
        self.path = os.ttyname(far)
        self._far = far
        self._line = line
        self.damage: Callable[[bytes], bytes] = lambda message: message
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._ended.is_set():
            if select.select([self._near], [], [], 0.002)[0]:
                answer = self._line.send(self.damage(os.read(self._near, 4096)))
            else:
                answer = self._line.silence()
            if answer:
                os.write(self._near, answer)

    def close(self) -> None:
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join(10)
            os.close(self._near)
            os.close(self._far)


@pytest.fixture(scope="module")
def image() -> Image:
    return compiled(context=64, **CONFIGURATIONS["one lane"])


@pytest.fixture
def terminal(image: Image) -> Iterator[Terminal]:
    with SimulatedBoard(image.manifest.config, MEMORY_UNITS * MEMORY_UNIT) as board:
        memory = MemoryPort({0: board.memory})
        line = Line(memory, board.read_register, board.write_register, board.reset)
        terminal = Terminal(line)
        yield terminal
        terminal.close()


def test_tokens_and_cycles_are_those_of_every_other_machine(
    image: Image, terminal: Terminal
) -> None:
    found = []
    for device in (open_device(f"serial:{terminal.path}"), RtlDevice(), IsaDevice()):
        device.load(image)
        found.append((list(Session(device, image).generate(PROMPT, 3)), device.cycles))
        device.close()
    assert found[0] == found[1]
    assert found[0][0] == found[2][0]


def test_what_is_damaged_on_the_line_is_sent_again(terminal: Terminal) -> None:
    transport = SerialTransport(terminal.path)
    hits = iter([True, True, False] * 20)
    terminal.damage = lambda message: bytes([message[0] ^ next(hits), *message[1:]])
    for _ in range(4):
        assert transport.read_register(RegisterMap.IDENTITY.word()) == IDENTITY
    transport.close()


def test_bytes_that_are_lost_are_sent_again(terminal: Terminal) -> None:
    transport = SerialTransport(terminal.path)
    data = bytes(range(256)) * 8
    hits = iter([True, False, False, False] * 20)
    terminal.damage = lambda message: message[:-3] if next(hits) else message
    transport.write_memory(0x1000, data)
    assert transport.read_memory(0x1000, len(data)) == data
    transport.close()


def test_a_line_that_always_damages_is_given_up(terminal: Terminal) -> None:
    transport = SerialTransport(terminal.path)
    terminal.damage = lambda message: bytes(len(message))
    with pytest.raises(DeviceError, match=r"must answer a request, and did not 3 times: is it"):
        transport.read_register(0)
    terminal.damage = lambda message: message
    assert transport.read_register(RegisterMap.IDENTITY.word()) == IDENTITY
    transport.close()


def test_memory_that_is_not_there_is_an_error_of_the_bus(terminal: Terminal) -> None:
    transport = SerialTransport(terminal.path)
    with pytest.raises(DeviceError, match=r"READ_MEMORY of 1 words at 0x280000, and reports an"):
        transport.read_memory(MEMORY_UNITS * MEMORY_UNIT, 4)
    with pytest.raises(DeviceError, match=r"in one piece, and has 2621440 of 2621440 left"):
        transport.allocate(MEMORY_UNITS * MEMORY_UNIT + 1, 0)
    transport.close()


def test_a_port_belongs_to_one_client(terminal: Terminal) -> None:
    transport = SerialTransport(terminal.path)
    with pytest.raises(DeviceError, match=r"must be a serial port: .*exclusively lock"):
        SerialTransport(terminal.path)
    transport.close()
    SerialTransport(terminal.path).close()


def test_a_device_that_is_unplugged_is_an_error(image: Image, terminal: Terminal) -> None:
    device = DriverDevice(SerialTransport(terminal.path))
    terminal.close()
    with pytest.raises(DeviceError, match="must stay connected"):
        device.load(image)


def test_silence_is_no_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial, "ANSWER", 0.01)
    near, far = pty.openpty()
    with pytest.raises(DeviceError, match="is it an accelerator, at 115200 bits a second"):
        open_device(f"serial:{os.ttyname(far)}@115200")
    os.close(near)
    os.close(far)


@pytest.mark.parametrize("place", ["/dev/none", "/dev/null", "", "/dev/tty@none"])
def test_what_is_no_serial_port_is_refused(place: str) -> None:
    with pytest.raises(DeviceError, match=f"serial:{place}"):
        open_device(f"serial:{place}")
