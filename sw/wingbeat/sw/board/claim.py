"""Who has the board: one client at a time, until its connection has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psutil

from wingbeat.hw.errors import DeviceError


def is_connected(peer: str) -> bool:
    """Return whether a client's connection to this process is open.

    Parameters
    ----------
    peer : as gRPC names it, such as `ipv4:127.0.0.1:40000`; others than TCP count as connected
    """
    family, _, address = peer.partition(":")
    if family not in ("ipv4", "ipv6"):
        return True
    port = int(address.rpartition(":")[2])
    return any(
        connection.raddr and connection.raddr.port == port
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_ESTABLISHED
    )


class Claim:
    """Gives a board to the first client that changes anything.

    Parameters
    ----------
    released : called when the board passes to another client, to take away what the last one had
    connected : whether a client's connection is open
    """

    def __init__(
        self, released: Callable[[], None], connected: Callable[[str], bool] = is_connected
    ) -> None:
        self._released = released
        self._connected = connected
        self._lock = threading.Lock()
        self._owner: str | None = None

    def take(self, peer: str) -> None:
        """Let a client have the board, or see that it has it.

        Raises
        ------
        DeviceError
            If another client that is still connected has it.
        """
        with self._lock:
            if peer == self._owner:
                return
            if self._owner is not None:
                if self._connected(self._owner):
                    raise DeviceError(
                        f"the board must be free, and client {self._owner} has it: try again when "
                        "that client has closed its connection"
                    )
                self._released()
            self._owner = peer
