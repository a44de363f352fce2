"""Where a server listens, and what it asks of clients from elsewhere."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from wingbeat.hw.errors import DeviceError

PORT = 7967
"""PYNQ's own."""

SMALLEST_TOKEN = 16
"""Characters."""


def split_address(text: str) -> tuple[str, int]:
    """Split HOST[:PORT], an IPv6 host in brackets; DeviceError if it is none."""
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host, port = text, str(PORT)
    if not host or not port.isdecimal() or not 0 <= int(port) < 1 << 16:
        raise DeviceError(f"an address must be HOST or HOST:PORT, not `{text}`")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Return whether only this computer can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Listening:
    """Where and how to listen.

    Attributes
    ----------
    host, port : of the socket; port 0 is any free one
    token : that every call must bring, if there is one
    certificate, key : PEM files for TLS, both or none
    """

    host: str = "127.0.0.1"
    port: int = PORT
    token: str | None = None
    certificate: Path | None = None
    key: Path | None = None

    def check(self) -> None:
        """Refuse to be reached by strangers; DeviceError if that is what was asked for."""
        if (self.certificate is None) != (self.key is None):
            raise DeviceError("TLS must have a certificate and a key, and one of them is missing")
        if self.token is not None and len(self.token) < SMALLEST_TOKEN:
            raise DeviceError(
                f"a token must have at least {SMALLEST_TOKEN} characters, not {len(self.token)}"
            )
        if not is_loopback(self.host) and (self.token is None or self.certificate is None):
            raise DeviceError(
                f"a server that others can reach (`{self.host}`) must have a token and TLS: give "
                "--token-file, --certificate and --key, or listen on 127.0.0.1"
            )

    def credentials(self) -> grpc.ServerCredentials | None:
        """Return what TLS needs, or None; DeviceError if a file cannot be read."""
        if self.certificate is None or self.key is None:
            return None
        try:
            pair = (self.key.read_bytes(), self.certificate.read_bytes())
        except OSError as error:
            raise DeviceError(
                f"file `{error.filename}` must be readable for TLS: {error.strerror}"
            ) from None
        return grpc.ssl_server_credentials([pair])


class TokenCheck(grpc.ServerInterceptor):
    """Refuses every call that does not bring the token.

    Parameters
    ----------
    token : shared with the clients
    """

    def __init__(self, token: str) -> None:
        self._wanted = f"Bearer {token}".encode()

        def refuse(_: Any, context: grpc.ServicerContext) -> None:
            context.abort(
                grpc.StatusCode.UNAUTHENTICATED,
                "a client of this board must bring its token: set WINGBEAT_TOKEN",
            )

        self._refusal = grpc.unary_unary_rpc_method_handler(refuse)

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """Look at the metadata before anything else."""
        brought = dict(handler_call_details.invocation_metadata).get("authorization", "")
        text = brought if isinstance(brought, str) else ""
        if hmac.compare_digest(text.encode(), self._wanted):
            return continuation(handler_call_details)
        return self._refusal
