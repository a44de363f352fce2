"""Accesses to an accelerator by the names of its registers, each of them counted."""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.hw.register_map import RegisterMap
from wingbeat.sw.driver.transport import Buffer, Bytes, Transport


@dataclass
class Traffic:
    """What went between host and device.

    Attributes
    ----------
    register_reads, register_writes : words
    memory_reads, memory_writes : transfers
    bytes_read, bytes_written : of memory
    """

    register_reads: int = 0
    register_writes: int = 0
    memory_reads: int = 0
    memory_writes: int = 0
    bytes_read: int = 0
    bytes_written: int = 0


class Link:
    """A transport with its traffic counted; registers that hold a value already are not written.

    Parameters
    ----------
    transport : to the accelerator
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.traffic = Traffic()
        self._held: dict[int, int] = {}

    def read(self, register: RegisterMap, index: int = 0) -> int:
        """Read a register."""
        self.traffic.register_reads += 1
        return self.transport.read_register(register.word(index))

    def write(self, register: RegisterMap, value: int, index: int = 0) -> None:
        """Write a register that acts when it is written."""
        self.traffic.register_writes += 1
        self.transport.write_register(register.word(index), value)

    def hold(self, register: RegisterMap, value: int, index: int = 0) -> None:
        """See to it that a register holds a value until the next reset."""
        offset = register.word(index)
        if self._held.get(offset) != value:
            self.write(register, value, index)
            self._held[offset] = value

    def load(self, buffer: Buffer, offset: int, count: int) -> Bytes:
        """Read device memory."""
        self.traffic.memory_reads += 1
        self.traffic.bytes_read += count
        return buffer.read(offset, count)

    def store(self, buffer: Buffer, offset: int, data: Bytes) -> None:
        """Write device memory."""
        self.traffic.memory_writes += 1
        self.traffic.bytes_written += len(data)
        buffer.write(offset, data)

    def forget(self) -> None:
        """Forget what the registers hold: somebody else may have written them."""
        self._held.clear()

    def reset(self) -> None:
        """Reset the accelerator."""
        self.forget()
        self.transport.reset()
