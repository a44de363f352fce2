import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sim.xrt.boards import PlainBoard

from wingbeat.boards.xclbin.emulation import MEMORY_START
from wingbeat.boards.xclbin.kernel import BASE_ADDRESS
from wingbeat.hw.errors import DeviceError
from wingbeat.sim.xrt.messages import Call, answer_class, header_class, request_class
from wingbeat.sim.xrt.server import Server

DEADLINE = 20.0


class Client:
    """XRT's side of the socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(str(path))

    def call(self, call: int, payload: bytes) -> bytes:
        header = header_class(request=True)(size=len(payload), xcl_api=call)
        self.socket.sendall(header.SerializeToString() + payload)
        answer: Any = header_class(request=False).FromString(self._exactly(9))
        return self._exactly(answer.size)

    def ask(self, call: Call, **fields: object) -> Any:
        return answer_class(call).FromString(
            self.call(call, request_class(call)(**fields).SerializeToString())
        )

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            got = self.socket.recv(count - len(data))
            if not got:
                raise EOFError
            data += got
        return data


@pytest.fixture
def board() -> PlainBoard:
    return PlainBoard(1 << 16)


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def path(board: PlainBoard, notes: list[str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "card"
        server = Server(board, path, notes.append)
        yield path
        server.close()


@pytest.fixture
def client(path: Path) -> Iterator[Client]:
    client = Client(path)
    yield client
    client.socket.close()


def until(condition: Any) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_memory_is_written_and_read_with_offsets(client: Client, board: PlainBoard) -> None:
    start = MEMORY_START + 100
    assert client.ask(Call.TO_DEVICE, dest=start, src=b"abc", size=3, seek=7).size == 3
    assert bytes(board.memory[107:110]) == b"abc"
    assert client.ask(Call.FROM_DEVICE, src=start, size=2, skip=8).dest == b"bc"


def test_registers_are_addressed_from_the_base_of_the_kernel(
    client: Client, board: PlainBoard
) -> None:
    word = (0x01020304).to_bytes(4, "little")
    assert client.ask(Call.WRITE_REGISTERS, addr=BASE_ADDRESS + 0x40, size=4, data=word).valid
    assert board.registers == {0x40: 0x01020304}
    assert client.ask(Call.READ_REGISTERS, addr=BASE_ADDRESS + 0x40, size=4).data == word


def test_a_register_that_is_not_there_is_refused(client: Client) -> None:
    assert not client.ask(Call.READ_REGISTERS, addr=BASE_ADDRESS + 0x1000, size=4).valid
    assert not client.ask(Call.WRITE_REGISTERS, addr=BASE_ADDRESS - 4, data=b"1234").valid


def test_an_unknown_call_has_an_empty_answer(client: Client) -> None:
    assert client.call(16, b"whatever") == b""


def test_memory_that_is_not_there_ends_the_connection(client: Client, notes: list[str]) -> None:
    # XRT ignores what such an answer says, and would go on with garbage
    with pytest.raises(EOFError):
        client.ask(Call.FROM_DEVICE, src=MEMORY_START + (1 << 16), size=1, skip=0)
    until(lambda: any("no memory at" in note for note in notes))


def test_a_second_client_gets_nothing(client: Client, path: Path, board: PlainBoard) -> None:
    client.ask(Call.SET_ENVIRONMENT)
    second = Client(path)
    assert second.ask(Call.SET_ENVIRONMENT).ack
    assert not second.ask(Call.ALLOCATE, ddraddress=0, size=1).ack
    assert not second.ask(Call.READ_REGISTERS, addr=BASE_ADDRESS, size=4).valid
    assert not second.ask(Call.WRITE_REGISTERS, addr=BASE_ADDRESS, data=b"1234").valid
    assert second.ask(Call.TO_DEVICE, dest=MEMORY_START, src=b"a", size=1, seek=0).size == 0
    assert not board.registers
    assert not board.memory.any()
    second.socket.close()
    assert client.ask(Call.READ_REGISTERS, addr=BASE_ADDRESS, size=4).valid


def test_the_next_client_has_the_card_when_it_is_idle(path: Path, board: PlainBoard) -> None:
    first = Client(path)
    first.ask(Call.SET_ENVIRONMENT)
    first.socket.close()
    until(lambda: board.resets == 1)
    second = Client(path)
    until(lambda: second.ask(Call.READ_REGISTERS, addr=BASE_ADDRESS, size=4).valid)
    second.socket.close()


def test_who_makes_no_call_only_watches(path: Path) -> None:
    watcher = Client(path)
    client = Client(path)
    assert client.ask(Call.READ_REGISTERS, addr=BASE_ADDRESS, size=4).valid
    for each in (watcher, client):
        each.socket.close()


def test_what_is_no_xrt_harms_nobody_else(client: Client, path: Path) -> None:
    client.ask(Call.SET_ENVIRONMENT)
    stranger = Client(path)
    stranger.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises((EOFError, ConnectionError)):
        stranger._exactly(1)
    stranger.socket.close()
    assert client.ask(Call.READ_REGISTERS, addr=BASE_ADDRESS, size=4).valid


def test_a_removed_socket_comes_back(path: Path) -> None:
    # XRT removes it when it closes a device
    path.unlink()
    until(path.exists)
    client = Client(path)
    assert client.ask(Call.READ_REGISTERS, addr=BASE_ADDRESS, size=4).valid
    client.socket.close()


def test_a_place_that_cannot_be_listened_at_is_named(board: PlainBoard, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeviceError, match=r"must listen at .*/file/card, where XRT looks"):
        Server(board, tmp_path / "file" / "card", print)
