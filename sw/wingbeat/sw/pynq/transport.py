"""What the driver's core asks for, over PYNQ."""

from __future__ import annotations

import time
from collections.abc import Callable

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.pynq.channel import answered
from wingbeat.sw.pynq.ip import WingbeatIP
from wingbeat.sw.pynq.memory import LARGEST_REMOTE, LocalMemory, RemoteMemory


class PynqTransport:
    """Registers, memory and time of an accelerator; nothing of it before `attach`.

    Parameters
    ----------
    name : of the device
    """

    registers_in_flight = True

    def __init__(self, name: str) -> None:
        self.name = name
        self._ip: WingbeatIP | None = None
        self._configure: Callable[[], None] = _nothing
        self._memories: list[LocalMemory | RemoteMemory] = []

    def attach(self, ip: WingbeatIP, configure: Callable[[], None]) -> None:
        """Use an accelerator from now on.

        Parameters
        ----------
        ip : its registers, and the device that it is in
        configure : configures the fabric anew
        """
        self._ip, self._configure = ip, configure

    @property
    def ip(self) -> WingbeatIP:
        """The accelerator."""
        if self._ip is None:
            raise DeviceError(f"device {self.name} must hold an image, and none is loaded")
        return self._ip

    def read_register(self, offset: int) -> int:
        """Read a word of the register map."""
        with answered(self.name):
            return int(self.ip.mmio.read(offset))

    def write_register(self, offset: int, value: int) -> None:
        """Write a word of the register map, once all memory is as it was written."""
        for memory in self._memories:
            memory.settle()
        with answered(self.name):
            self.ip.mmio.write(offset, int(value))

    def allocate(self, count: int, port: int) -> LocalMemory | RemoteMemory:
        """Take memory; all ports of a processing system see all of it."""
        device = self.ip.device
        remote = device.has_capability("REMOTE")
        if remote and count > LARGEST_REMOTE:
            raise DeviceError(
                f"a buffer of device {self.name} must be {LARGEST_REMOTE} bytes at most, not "
                f"{count}: compile the model for a shorter context or more memory ports"
            )
        with answered(self.name):
            array = device.allocate((count,), "u1", cacheable=0)
        memory: LocalMemory | RemoteMemory
        memory = RemoteMemory(array, device, self.name) if remote else LocalMemory(array)
        self._memories = [*(m for m in self._memories if m.held), memory]
        return memory

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def reset(self) -> None:
        """Configure the fabric anew."""
        with answered(self.name):
            self._configure()

    def close(self) -> None:
        """Do nothing: who opened PYNQ's device closes it."""


def _nothing() -> None:
    """Do nothing."""
