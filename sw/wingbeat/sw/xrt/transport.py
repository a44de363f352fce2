"""XRT as a transport of the driver's core."""

from __future__ import annotations

import os
import time
from pathlib import Path

from wingbeat.boards.xclbin.container import read_sections
from wingbeat.boards.xclbin.kernel import KERNEL, argument_of_port
from wingbeat.hw.errors import ConfigError, DeviceError
from wingbeat.hw.register_map import Control, RegisterMap
from wingbeat.sw.driver.transport import Bytes
from wingbeat.sw.xrt.emulation import emulated
from wingbeat.sw.xrt.proxy import PATIENCE, Proxy

XCLBIN = "WINGBEAT_XCLBIN"
"""Variable of the environment that names the file to load."""

_STOPPING = 1.0
"""Seconds within which a program that is told to stop has stopped, if it can."""


class XrtTransport:
    """One card; the kernel on it is this process's alone until it is closed.

    Parameters
    ----------
    index : of the card
    xclbin : file to load; by default, what WINGBEAT_XCLBIN names
    patience : seconds within which an access must be answered

    Raises
    ------
    DeviceError
        If XRT, card or file are not there or not sound, or somebody else has the card.
    """

    registers_in_flight = True  # XRT's scheduler is not used, so nobody else reads the registers

    def __init__(
        self, index: int = 0, xclbin: Path | None = None, patience: float = PATIENCE
    ) -> None:
        self.name = f"xrt:{index}"
        self._index, self._patience = index, patience
        # XRT's process has a folder of its own
        self._xclbin = (_xclbin(self.name) if xclbin is None else xclbin).resolve()
        self._proxy = self._open()

    def connect(self) -> None:
        """Open the card anew if the connection has ended; nothing of before is in it then."""
        if self._proxy.closed:
            self._proxy = self._open()

    def read_register(self, offset: int) -> int:
        """Read a word of the register map."""
        return int(self._proxy.call("read_register", offset))

    def write_register(self, offset: int, value: int) -> None:
        """Write a word of the register map."""
        self._proxy.call("write_register", offset, value)

    def allocate(self, count: int, port: int) -> XrtBuffer:
        """Take memory in the bank that a port's base address may point to."""
        try:
            handle, address = self._proxy.call("allocate", count, argument_of_port(port))
        except DeviceError as error:
            raise DeviceError(
                f"{error}: {count} bytes in one piece for memory port {port}"
            ) from None
        return XrtBuffer(self._proxy, handle, address)

    def wait(self, seconds: float) -> None:
        """Let the card work."""
        time.sleep(seconds)

    def reset(self) -> None:
        """Ask the program to stop; if it does not, open the card anew, which loses its memory.

        Without a connection there is nothing to do: what an ended process held is given back.
        """
        if self._proxy.closed or self._stops():
            return
        self._proxy.close()
        self._proxy = self._open()

    def close(self) -> None:
        """Give up the card."""
        self._proxy.close()

    def _stops(self) -> bool:
        """Return whether the program stops by itself when it is told to."""
        deadline = time.monotonic() + _STOPPING
        try:
            self.write_register(RegisterMap.ABORT.word(), 1)
            while not self.read_register(RegisterMap.CONTROL.word()) & Control.IDLE:
                if time.monotonic() >= deadline:
                    return False
        except DeviceError:
            return False
        return True

    def _open(self) -> Proxy:
        if emulated():
            if self._index:
                raise DeviceError(f"device {self.name} must be xrt:0, the only card in emulation")
            # a card's own xclbin comes from AMD's tools, and XRT checks that
            try:
                read_sections(self._xclbin.read_bytes())
            except (ConfigError, OSError) as error:
                raise DeviceError(f"device {self.name}, {self._xclbin}: {error}") from None
        proxy = Proxy(self.name, self._patience)
        try:
            proxy.open(self._index, self._xclbin, KERNEL)
        except BaseException:
            proxy.close()
            raise
        return proxy


class XrtBuffer:
    """A buffer of a card's memory, of which XRT keeps a copy on the host."""

    def __init__(self, proxy: Proxy, handle: int, address: int) -> None:
        self._proxy: Proxy | None = proxy
        self._handle = handle
        self.address = address

    def read(self, offset: int, count: int) -> Bytes:
        """Return bytes as they are on the card."""
        data: Bytes = self._taken().call("read", self._handle, offset, count)
        return data

    def write(self, offset: int, data: Bytes) -> None:
        """Write bytes, on the card too."""
        self._taken().call("write", self._handle, offset, data)

    def free(self) -> None:
        """Give the memory back, unless the process that had it has ended."""
        proxy, self._proxy = self._proxy, None
        if proxy is not None and not proxy.closed:
            proxy.call("free", self._handle)

    def _taken(self) -> Proxy:
        if self._proxy is None:
            raise DeviceError("a buffer must not be used after it was freed")
        return self._proxy


def _xclbin(name: str) -> Path:
    path = os.environ.get(XCLBIN)
    if not path:
        raise DeviceError(
            f"device {name} needs the xclbin of its accelerator: {XCLBIN} must name the file "
            "(`wingbeat board emulate` sets it)"
        )
    return Path(path)
