"""What can happen between a host and its board: one clear error, and a working retry."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from tests.sw.pynq.conftest import Served
from tests.sw.pynq.far import Far
from tests.sw.pynq.faults import Cable, ServerProcess, message

from wingbeat.hw.errors import DeviceError

TOKEN = "correct-horse-battery"

BROKEN = "the connection to the board's server must hold, and is broken"


@pytest.fixture
def process() -> Iterator[ServerProcess]:
    process = ServerProcess()
    yield process
    process.kill()


@pytest.fixture
def tokens(served: Served, far: Far, path: Path) -> list[int]:
    """What is generated when nothing is broken."""
    far.open(served.address)
    far.load(str(path))
    found: list[int] = far.generate(4)[0]
    far.close()
    return found


def test_no_server(far: Far, serve: Callable[..., Served]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    text = message(far, "open", f"pynq://127.0.0.1:{port}")
    assert f"a board server must answer at 127.0.0.1:{port} within 5 s, and none does" in text
    served = serve(port=port)
    assert far.open(served.address) == served.address


def test_a_server_that_is_killed(
    process: ServerProcess, far: Far, path: Path, tokens: list[int]
) -> None:
    far.open(process.address)
    far.load(str(path))
    far.begin(40)
    process.kill()
    assert BROKEN in message(far, "rest")
    assert BROKEN in message(far, "generate", 2)
    again = ServerProcess(process.port)
    try:
        far.open(again.address)
        far.load(str(path))
        assert far.generate(4)[0] == tokens
    finally:
        again.kill()


def test_an_application_recovers_when_the_server_is_back(
    process: ServerProcess, far: Far, path: Path
) -> None:
    far.open_model(process.address, str(path))
    wanted = far.answer("ROMEO.", 3)
    process.kill()
    assert BROKEN in message(far, "answer", "ROMEO.", 3)
    assert "a board server must answer" in message(far, "recover")
    again = ServerProcess(process.port)
    try:
        far.recover()
        assert far.answer("ROMEO.", 3) == wanted
        far.close_model()
        # a server that is asked to end does so in order
        assert again.end() == 0
    finally:
        again.kill()


def test_a_server_that_does_not_answer(
    process: ServerProcess, far: Far, path: Path, tokens: list[int]
) -> None:
    far.open(process.address)
    far.load(str(path))
    far.answer_within(1.0)
    process.signal(signal.SIGSTOP)
    try:
        text = message(far, "generate", 2)
        assert "the board's server must answer within 1 s, and does not" in text
    finally:
        process.signal(signal.SIGCONT)
        far.answer_within(10.0)
    far.load(str(path))
    assert far.generate(4)[0] == tokens


def test_a_cable_that_is_yanked(served: Served, far: Far, path: Path, tokens: list[int]) -> None:
    cable = Cable(served.server.port)
    try:
        far.open(f"pynq://127.0.0.1:{cable.port}")
        far.load(str(path))
        far.begin(40)
        cable.yank()
        assert BROKEN in message(far, "rest")
        far.open(f"pynq://127.0.0.1:{cable.port}")
        far.load(str(path))
        assert far.generate(4)[0] == tokens
    finally:
        far.close()
        cable.close()


def test_a_second_client(served: Served, far: Far, path: Path, tokens: list[int]) -> None:
    second = Far()
    try:
        far.open(served.address)
        far.load(str(path))
        second.open(served.address)
        text = message(second, "load", str(path))
        assert "the board must be free, and client ipv4:127.0.0.1:" in text
        assert far.generate(4)[0] == tokens  # the first one does not notice
        far.close()
        second.load(str(path))
        assert second.generate(4)[0] == tokens
    finally:
        second.exit()


def test_a_client_that_has_crashed(served: Served, far: Far, path: Path, tokens: list[int]) -> None:
    first = Far()
    first.open(served.address)
    first.load(str(path))
    first.begin(40)
    first.kill()
    far.open(served.address)
    far.load(str(path))
    assert far.generate(4)[0] == tokens


def test_another_process_that_loads_its_overlay_for_ever(
    served: Served, far: Far, path: Path
) -> None:
    import fcntl

    far.open(served.address)
    far.wait_for_lock(0.5)
    try:
        with open(far.lock(), "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            assert "another process must load its overlay within 0.5 s" in message(
                far, "load", str(path)
            )
    finally:
        far.wait_for_lock(120.0)
    far.load(str(path))


def test_a_port_that_is_taken(serve: Callable[..., Served]) -> None:
    first = serve()
    with pytest.raises(DeviceError, match=r"address 127\.0\.0\.1:\d+ must be free"):
        serve(port=first.server.port)


@pytest.fixture
def secured(serve: Callable[..., Served], tmp_path: Path) -> Served:
    """A server with a token and TLS; the certificate's authority is `authority.pem`."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    files = {name: tmp_path / f"{name}.pem" for name in ("key", "certificate", "authority")}
    issued.private_key_pem.write_to_path(files["key"])
    issued.cert_chain_pems[0].write_to_path(files["certificate"])
    authority.cert_pem.write_to_path(files["authority"])
    return serve(host="0.0.0.0", token=TOKEN, certificate=files["certificate"], key=files["key"])


def test_a_client_without_the_right_token(
    secured: Served, far: Far, path: Path, tmp_path: Path
) -> None:
    try:
        assert "does it want a token and TLS?" in message(far, "open", secured.address)
        far.environment("WINGBEAT_CERTIFICATE", str(tmp_path / "authority.pem"))
        far.environment("WINGBEAT_TOKEN", "another-token-than-that")
        text = message(far, "open", secured.address)
        assert "a client of this board must bring its token: set WINGBEAT_TOKEN" in text
        far.environment("WINGBEAT_TOKEN", TOKEN)
        far.open(secured.address)
        far.load(str(path))
        assert len(far.generate(2)[0]) == 2
    finally:
        far.environment("WINGBEAT_TOKEN", None)
        far.environment("WINGBEAT_CERTIFICATE", None)
