"""Who may ask: anybody on this machine, others with a key."""

from __future__ import annotations

import hmac
import ipaddress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from wingbeat.hw.errors import RequestError
from wingbeat.sw.serving.problems import Problem

KEY_VARIABLE = "WINGBEAT_API_KEY"
"""Environment variable with the key: a command line can be read by everybody on a machine."""


def check_exposure(host: str, key: str | None) -> None:
    """Refuse to listen where others can connect without a key.

    Raises
    ------
    RequestError
        If `host` is not of this machine only, and there is no key.
    """
    if not key and not _is_loopback(host):
        raise RequestError(
            f"--host must be 127.0.0.1 or ::1, not {host}, unless {KEY_VARIABLE} is set: whoever "
            "reaches the server could use it"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Access:
    """Refuses requests for `/v1` without the key; the page, health and figures are open.

    Parameters
    ----------
    app : that is protected
    key : that clients send as `Authorization: Bearer KEY`
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._wanted = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            given = Headers(scope=scope).get("authorization", "").encode("latin-1")
            # as long for a wrong key as for the right one
            if not hmac.compare_digest(given, self._wanted):
                problem = Problem(
                    401, "a request must have the key of this server", code="invalid_api_key"
                )
                await problem.response(scope, receive, send)
                return
        await self._app(scope, receive, send)
