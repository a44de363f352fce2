"""The process that XRT's library lives in.

A library that waits for a card without a deadline, or ends the process that it lives in, is kept
at arm's length: the driver asks this process and ends it if it does not answer. Its output is a
log, so that what the library prints does not mix with a model's text. A new process is also what
makes a retry begin at zero, since the library keeps its state for as long as it is loaded.

    python -m wingbeat.sw.xrt.worker DESCRIPTOR

DESCRIPTOR is a socket, over which requests come as pickled (method, arguments) and answers go as
(whether it succeeded, result or message). The first request is `open`.
"""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection
from typing import Any

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.xrt.emulation import awake, claim, watch
from wingbeat.sw.xrt.library import Card


def serve(channel: Connection) -> None:
    """Answer requests until the driver hangs up."""
    card: Any = None
    while True:
        try:
            method, arguments = channel.recv()
        except EOFError:
            return
        try:
            if method == "open":
                card = _open(*arguments)
                answer = None
            else:
                answer = getattr(card, method)(*arguments)
        except DeviceError as error:
            channel.send((False, str(error)))
        else:
            channel.send((True, answer))


def _open(index: int, xclbin: str, kernel: str) -> Card:
    claim()
    watch()
    with awake():
        return Card(index, xclbin, kernel)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
    # what the process holds on a card is given back when it ends; the library's own way of closing
    # an emulated one joins threads that wait for a card that may be gone
    os._exit(0)
