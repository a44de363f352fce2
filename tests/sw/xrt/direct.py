"""XRT's library in this very process, as a transport."""

from __future__ import annotations

import time
from pathlib import Path

from wingbeat.boards.xclbin.kernel import KERNEL, argument_of_port
from wingbeat.sw.driver.transport import Bytes
from wingbeat.sw.xrt.library import Card


class DirectTransport:
    """A card without a process between."""

    name = "direct"
    registers_in_flight = True

    def __init__(self, xclbin: str | Path) -> None:
        self.card = Card(0, str(xclbin), KERNEL)
        self.handles: dict[int, int] = {}
        """XRT's handle of each port's buffer."""

    def read_register(self, offset: int) -> int:
        return self.card.read_register(offset)

    def write_register(self, offset: int, value: int) -> None:
        self.card.write_register(offset, value)

    def allocate(self, count: int, port: int) -> DirectBuffer:
        handle, address = self.card.allocate(count, argument_of_port(port))
        self.handles[port] = handle
        return DirectBuffer(self.card, handle, address)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def reset(self) -> None:
        """Never needed."""

    def close(self) -> None:
        """The process ends."""


class DirectBuffer:
    def __init__(self, card: Card, handle: int, address: int) -> None:
        self._card, self._handle, self.address = card, handle, address

    def read(self, offset: int, count: int) -> Bytes:
        return self._card.read(self._handle, offset, count)

    def write(self, offset: int, data: Bytes) -> None:
        self._card.write(self._handle, offset, data)

    def free(self) -> None:
        self._card.free(self._handle)
