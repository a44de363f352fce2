"""The connection to a board's server: every call has a deadline, and TLS where there is a token.

PYNQ itself calls without deadlines, in the clear; its calls go through this channel as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

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


class _Details(NamedTuple):
    """What gRPC wants to know of a call."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class _Deadlines(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
):
    """Gives every call a deadline, and the token if there is one; ends calls after the end.

    PYNQ's buffers free themselves when they are collected, which may be after their connection was
    closed, and gRPC crashes then.
    """

    def __init__(self, token: str | None) -> None:
        self.closed = False
        self._metadata = [("authorization", f"Bearer {token}")] if token else None

    def _call(self, proceed: Callable[..., Any], call: Any, request: Any, limit: float) -> Any:
        if self.closed:
            raise RuntimeError("a connection must be open for a call, and this one was closed")
        details = _Details(
            call.method,
            limit,
            self._metadata,
            call.credentials,
            call.wait_for_ready,
            call.compression,
        )
        return proceed(details, request)

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._call(continuation, details, request, ANSWERING)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._call(continuation, details, request, TRANSFERRING)

    def intercept_stream_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._call(continuation, details, request, TRANSFERRING)


class Connection:
    """A channel to a server.

    With `WINGBEAT_TOKEN` in the environment it is TLS, and `WINGBEAT_CERTIFICATE` may name the PEM
    file of who vouches for the server.

    Parameters
    ----------
    host, port : of the server

    Raises
    ------
    DeviceError
        If nobody answers in time.
    """

    def __init__(self, host: str, port: int) -> None:
        token = os.environ.get("WINGBEAT_TOKEN")
        self._plain = _connect(host, port, token)
        self._deadlines = _Deadlines(token)
        self.channel = grpc.intercept_channel(self._plain, self._deadlines)

    def close(self) -> None:
        """Hang up; later calls fail."""
        self._deadlines.closed = True
        self._plain.close()


def _connect(host: str, port: int, token: str | None) -> grpc.Channel:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
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
    return channel


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
