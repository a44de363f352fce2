"""The connection to a board's server: every call has a deadline, and TLS where there is a token.

PYNQ itself calls without deadlines, in the clear; its calls go through this channel as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from wingbeat.hw.errors import DeviceError

CONNECTING = 5.0
"""Seconds within which a server must take a connection."""

ANSWERING = 10.0
"""Seconds within which a server must answer a call."""

TRANSFERRING = 120.0
"""Seconds within which a stream of data, or the configuration of the fabric, must be through."""

_OPTIONS = (
    ("grpc.client_idle_timeout_ms", 2**31 - 1),  # a board is held by its connection
    ("grpc.enable_retries", 0),  # who comes back after an error wants to know that there was one
    ("grpc.use_local_subchannel_pool", 1),  # one device, one connection, one client
)


class _Channel(grpc.Channel):
    """A channel whose calls have a deadline, and the token if there is one.

    PYNQ's buffers free themselves when they are collected, which may be after their connection was
    closed, and gRPC crashes then: calls end here after the end.
    """

    def __init__(self, plain: grpc.Channel, token: str | None) -> None:
        self._plain = plain
        self._metadata = [("authorization", f"Bearer {token}")] if token else None
        self._closed = False

    def unary_unary(self, *method: Any, **options: Any) -> Callable[..., Any]:
        return self._limited(self._plain.unary_unary(*method, **options), lambda: ANSWERING)

    def unary_stream(self, *method: Any, **options: Any) -> Callable[..., Any]:
        return self._limited(self._plain.unary_stream(*method, **options), lambda: TRANSFERRING)

    def stream_unary(self, *method: Any, **options: Any) -> Callable[..., Any]:
        return self._limited(self._plain.stream_unary(*method, **options), lambda: TRANSFERRING)

    def stream_stream(self, *method: Any, **options: Any) -> Callable[..., Any]:
        return self._limited(self._plain.stream_stream(*method, **options), lambda: TRANSFERRING)

    def subscribe(self, callback: Any, try_to_connect: bool = False) -> None:
        self._plain.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Any) -> None:
        self._plain.unsubscribe(callback)

    def close(self) -> None:
        self._closed = True
        self._plain.close()

    def __enter__(self) -> _Channel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _limited(self, call: Any, limit: Callable[[], float]) -> Callable[..., Any]:
        def limited(request: Any) -> Any:
            if self._closed:
                raise RuntimeError("a connection must be open for a call, and this one was closed")
            return call(request, timeout=limit(), metadata=self._metadata)

        return limited


def open_channel(host: str, port: int) -> grpc.Channel:
    """Connect to a server.

    With `WINGBEAT_TOKEN` in the environment the connection is TLS, and `WINGBEAT_CERTIFICATE` may
    name the PEM file of who vouches for the server.

    Raises
    ------
    DeviceError
        If nobody answers in time.
    """
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    token = os.environ.get("WINGBEAT_TOKEN")
    if token:
        channel = grpc.secure_channel(target, _credentials(), options=_OPTIONS)
    else:
        channel = grpc.insecure_channel(target, options=_OPTIONS)
    try:
        grpc.channel_ready_future(channel).result(timeout=CONNECTING)
    except grpc.FutureTimeoutError:
        channel.close()
        raise DeviceError(
            f"a board server must answer at {target} within {CONNECTING:g} s, and none does: is it "
            "running, and does it want a token and TLS?"
        ) from None
    return _Channel(channel, token)


def _credentials() -> grpc.ChannelCredentials:
    path = os.environ.get("WINGBEAT_CERTIFICATE")
    try:
        return grpc.ssl_channel_credentials(Path(path).read_bytes() if path else None)
    except OSError as error:
        raise DeviceError(
            f"certificate `{path}` of WINGBEAT_CERTIFICATE must be readable: {error.strerror}"
        ) from None


@contextmanager
def answered(name: str) -> Iterator[None]:
    """Turn what PYNQ and gRPC raise into one clear error of a device.

    Parameters
    ----------
    name : of the device
    """
    try:
        yield
    except grpc.RpcError as error:
        raise DeviceError(f"device {name}: {_reason(error)}") from None
    except (RuntimeError, MemoryError, OSError) as error:
        raise DeviceError(f"device {name}: {' '.join(str(error).split())}") from None


def _reason(error: Any) -> str:
    code = error.code()
    if code is grpc.StatusCode.UNAVAILABLE:
        return (
            "the connection to the board's server must hold, and is broken: start the server "
            "again if it has ended, and open the device anew"
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"the board's server must answer within {ANSWERING:g} s, and does not"
    return str(error.details() or code.name)
