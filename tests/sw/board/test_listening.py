from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import trustme
from tests.sw.board.memory_board import MemoryBoard, client, design

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.board.listening import Listening, is_loopback, split_address
from wingbeat.sw.board.schema import CLASSES
from wingbeat.sw.board.server import BoardServer

TOKEN = "correct-horse-battery"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("127.0.0.1", ("127.0.0.1", 7967)), ("h:80", ("h", 80)), ("[::1]:0", ("[::1]", 0)),
     ("[::1]", ("[::1]", 7967))],
)  # fmt: skip
def test_an_address_is_a_host_and_a_port(text: str, wanted: tuple[str, int]) -> None:
    assert split_address(text) == wanted


@pytest.mark.parametrize("text", ["", ":80", "h:", "h:x", "h:65536"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(DeviceError, match="an address must be HOST or HOST:PORT"):
        split_address(text)


def test_loopback_is_known() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "localhost", "[::1]", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.org")))


@pytest.mark.parametrize(
    "listening",
    [
        Listening(host="0.0.0.0"),
        Listening(host="0.0.0.0", token=TOKEN),
        Listening(host="[::]", certificate=Path("c"), key=Path("k")),
    ],
)
def test_strangers_need_a_token_and_tls(listening: Listening) -> None:
    with pytest.raises(DeviceError, match="must have a token and TLS"):
        listening.check()


def test_a_half_of_tls_and_a_short_token_are_refused() -> None:
    with pytest.raises(DeviceError, match="a certificate and a key, and one of them is missing"):
        Listening(certificate=Path("c")).check()
    with pytest.raises(DeviceError, match="at least 16 characters, not 5"):
        Listening(token="12345").check()
    with pytest.raises(DeviceError, match=r"file `/nowhere/k.pem` must be readable for TLS"):
        Listening(certificate=Path("/nowhere/c.pem"), key=Path("/nowhere/k.pem")).credentials()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secured(tmp_path: Path, authority: trustme.CA) -> Iterator[int]:
    issued = authority.issue_cert("localhost", "127.0.0.1")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    issued.private_key_pem.write_to_path(key)
    issued.cert_chain_pems[0].write_to_path(certificate)
    listening = Listening("0.0.0.0", 0, TOKEN, certificate, key)
    server = BoardServer(design(), MemoryBoard(), listening)
    yield server.port
    server.stop()


def ask(channel: grpc.Channel, token: str | None) -> bool:
    request = CLASSES["remote_device.ExistsFileRequest"](file_path="/proc/version")
    metadata = [("authorization", f"Bearer {token}")] if token else []
    call = client(channel, "remote_device.RemoteDevice", "existsfile")
    return bool(call(request, metadata=metadata, timeout=10).exists)


def test_beyond_loopback_a_client_brings_its_token_over_tls(
    secured: int, authority: trustme.CA
) -> None:
    credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes())
    with grpc.secure_channel(f"localhost:{secured}", credentials) as channel:
        assert ask(channel, TOKEN)
        for token in (None, "wrong-horse-battery-x", TOKEN[:-1]):
            with pytest.raises(grpc.RpcError, match="must bring its token"):
                ask(channel, token)


def test_nobody_comes_in_without_tls(secured: int) -> None:
    with grpc.insecure_channel(f"localhost:{secured}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            ask(channel, TOKEN)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
