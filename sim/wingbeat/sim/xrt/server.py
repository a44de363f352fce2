"""The sockets of an emulated card, and who may speak."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from wingbeat.hw.errors import DeviceError
from wingbeat.sim.xrt.calls import Board, Service, refuse
from wingbeat.sim.xrt.wire import receive, send

LOOK = 0.1
"""Seconds between two looks at whether the sockets are still there: XRT removes them."""

_REVERSE = "D2X_unix_sock_"
"""What the name of a card's second socket begins with: from the card to host memory, unused."""


class Server:
    """Answers XRT on a socket, one client at a time.

    Every connection has a thread of its own. The first to make a call has the card until it hangs
    up; others are refused whatever they ask for. A connection without a call is one that watches
    whether the card is alive.

    Parameters
    ----------
    board : that clients work with; it is reset when one hangs up
    path : of the socket
    note : told, in one line, what happens

    Raises
    ------
    DeviceError
        If nobody can listen there.
    """

    def __init__(self, board: Board, path: Path, note: Callable[[str], None]) -> None:
        self._board, self._note = board, note
        self._client: socket.socket | None = None
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._closed = threading.Event()
        reverse = path.with_name(_REVERSE + path.name)
        self._threads = [
            threading.Thread(target=self._listen, args=(place, _bound(place), serve), daemon=True)
            for place, serve in ((path, self._talk), (reverse, self._hold))
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Hang up on everybody, and remove the sockets."""
        self._closed.set()
        for thread in self._threads:
            thread.join()
        self._hang_up()

    def _hang_up(self) -> None:
        """End every connection: XRT itself would read for ever from one that has ended."""
        with self._lock:
            for connection in self._connections:
                # who is blocked in a read wakes up
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _listen(
        self, path: Path, listener: socket.socket, serve: Callable[[socket.socket], None]
    ) -> None:
        """Accept connections; listen anew whenever the socket's file is gone."""
        while True:
            with listener:
                while path.exists() and not self._closed.is_set():
                    with contextlib.suppress(TimeoutError):
                        self._begin(listener.accept()[0], serve)
            if self._closed.is_set():
                break
            listener = _bound(path)
        path.unlink(missing_ok=True)

    def _begin(self, connection: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        connection.settimeout(None)
        with self._lock:
            self._connections.add(connection)

        def live() -> None:
            try:
                with connection:
                    serve(connection)
            except OSError:
                pass  # the other side is gone
            except DeviceError as error:
                self._note(f"a connection is dropped: {error}")
                if connection is self._client:
                    self._hang_up()
            finally:
                with self._lock:
                    self._connections.discard(connection)
                self._release(connection)

        threading.Thread(target=live, daemon=True).start()

    def _hold(self, connection: socket.socket) -> None:
        """Keep a connection until the other side closes it."""
        connection.recv(1)

    def _talk(self, connection: socket.socket) -> None:
        """Answer one connection's calls."""
        service: Service | None = None
        while (received := receive(connection)) is not None:
            call, request = received
            if service is None and self._take(connection):
                service = Service(self._board)
            send(connection, refuse(call) if service is None else service.serve(call, request))

    def _take(self, connection: socket.socket) -> bool:
        """Give the card to a connection, if nobody has it."""
        with self._lock:
            if self._client is not None:
                return False
            self._client = connection
        self._note("a client has the card")
        return True

    def _release(self, connection: socket.socket) -> None:
        with self._lock:
            if self._client is not connection:
                return
        # nobody else gets the card before it is idle again
        with contextlib.suppress(DeviceError):
            self._board.reset()
        with self._lock:
            self._client = None
        self._note("the client has gone")


def _bound(path: Path) -> socket.socket:
    """Return a socket that listens at a path; DeviceError if there can be none."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.unlink(missing_ok=True)
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise DeviceError(
            f"an emulated card must listen at {path}, where XRT looks, and cannot: {error.strerror}"
        ) from None
    listener.listen()
    listener.settimeout(LOOK)
    return listener
