"""The gRPC server of one board."""

from __future__ import annotations

from concurrent import futures

import grpc

from wingbeat.boards.overlay.design import Design
from wingbeat.hw.errors import DeviceError
from wingbeat.sw.board.board import Board
from wingbeat.sw.board.hardware import Hardware
from wingbeat.sw.board.listening import Listening, TokenCheck
from wingbeat.sw.board.services import handlers

WORKERS = 4
"""Calls carried out at a time."""

GRACE = 1.0
"""Seconds that calls in progress have when the server stops."""

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second server on the same port is an error
    ("grpc.keepalive_time_ms", 10_000),  # a client that has vanished does not keep the board
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_ping_strikes", 0),
)


class BoardServer:
    """Serves a board until it is stopped.

    Parameters
    ----------
    design : what lies in the fabric
    hardware : the accelerator and its memory; it is closed with the server
    listening : where, and what clients must bring

    Raises
    ------
    DeviceError
        If the address is taken, or may not be listened on.
    """

    def __init__(self, design: Design, hardware: Hardware, listening: Listening) -> None:
        listening.check()
        credentials = listening.credentials()
        self.board = Board(design, hardware)
        checks = [TokenCheck(listening.token)] if listening.token is not None else []
        self._server = grpc.server(
            futures.ThreadPoolExecutor(WORKERS, "board"), interceptors=checks, options=_OPTIONS
        )
        self._server.add_generic_rpc_handlers(handlers(self.board))
        address = f"{listening.host}:{listening.port}"
        try:
            if credentials is None:
                self.port = self._server.add_insecure_port(address)
            else:
                self.port = self._server.add_secure_port(address, credentials)
        except RuntimeError:
            raise DeviceError(
                f"address {address} must be free, and its certificate valid, for a board server"
            ) from None
        self._server.start()

    def wait(self) -> None:
        """Serve until `stop`."""
        self._server.wait_for_termination()

    def stop(self) -> None:
        """Let go of address and board."""
        self._server.stop(GRACE).wait()
        self.board.close()
