"""How a user names a board: `pynq`, or `pynq://HOST[:PORT][/PATH.bit]`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from wingbeat.hw.errors import DeviceError

SCHEME = "pynq"

PORT = 7967
"""PYNQ's own."""


@dataclass(frozen=True)
class Address:
    """A board.

    Attributes
    ----------
    host : None on the board itself
    port : of its server
    bitstream : .bit with its .hwh beside it; None looks for the one of an image's configuration
    """

    host: str | None
    port: int = PORT
    bitstream: Path | None = None

    @property
    def name(self) -> str:
        """What errors call the device."""
        if self.host is None:
            return SCHEME
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{SCHEME}://{host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read the name of a device; DeviceError says how it must look."""
    try:
        parts = urlsplit(text if "://" in text else f"{text}://")
        port = parts.port or PORT
    except ValueError:
        raise _odd(text) from None
    path = unquote(parts.path)
    if parts.scheme != SCHEME or parts.query or parts.fragment or parts.username:
        raise _odd(text)
    if path.strip("/") and not path.endswith(".bit"):
        raise _odd(text)
    bitstream = Path(path) if path.strip("/") else None
    return Address(parts.hostname, port, bitstream)


def _odd(text: str) -> DeviceError:
    return DeviceError(f"a PYNQ device must be pynq or pynq://HOST[:PORT][/PATH.bit], not `{text}`")
