"""The transport to an accelerator at the end of a serial line; see `wingbeat.hw.serial_frame`."""

from __future__ import annotations

import re
import time

import numpy as np
import serial

from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.program import WORD
from wingbeat.hw.serial_frame import (
    CRC_BYTES,
    GAP_SECONDS,
    MEMORY_UNIT,
    MOST_WORDS,
    Operation,
    Reply,
    crc,
    header,
)
from wingbeat.sim.heap import Heap
from wingbeat.sw.driver.transport import Bytes

BAUD = 3_000_000
"""What the adapters of most boards reach."""

ANSWER = 0.5
"""Seconds within which an answer begins, and goes on."""

ATTEMPTS = 3

_WORD_BYTES = 4
_PLACE = re.compile(r"(?P<port>.+?)(@(?P<baud>[0-9]+))?")


class SerialTransport:
    """A serial line; a message that is damaged on it is sent again, a few times.

    Parameters
    ----------
    place : the port as the operating system calls it, `@` and bits a second behind it: by default
        `BAUD`

    Raises
    ------
    DeviceError
        If the port cannot be opened, or nobody answers.
    """

    registers_in_flight = True

    def __init__(self, place: str) -> None:
        self.name = f"serial:{place}"
        found = _PLACE.fullmatch(place)
        if found is None:
            raise DeviceError(
                f"a serial device must be serial:PORT or serial:PORT@BAUD, not `{place}`"
            )
        try:
            self._line = serial.Serial(
                found["port"],
                int(found["baud"] or BAUD),
                timeout=ANSWER,
                write_timeout=10 * ANSWER,
                exclusive=True,
            )
        except (OSError, ValueError, serial.SerialException) as error:
            raise DeviceError(f"device {self.name} must be a serial port: {error}") from None
        try:
            units = int.from_bytes(self._ask(Operation.DESCRIBE, 0, 1), "little")
        except BaseException:
            self.close()
            raise
        self._heap = Heap(0, units * MEMORY_UNIT)

    def read_register(self, offset: int) -> int:
        """Read a word of the register map."""
        return int.from_bytes(self._ask(Operation.READ_REGISTER, offset, 1), "little")

    def write_register(self, offset: int, value: int) -> None:
        """Write a word of the register map."""
        data = (value & WORD).to_bytes(_WORD_BYTES, "little")
        self._ask(Operation.WRITE_REGISTER, offset, 1, data)

    def allocate(self, count: int, port: int) -> SerialBuffer:
        """Take a part of the memory, which all ports see."""
        return SerialBuffer(self, self._heap.allocate(count))

    def release(self, address: int) -> None:
        """Give back what `allocate` took."""
        self._heap.free(address)

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def reset(self) -> None:
        """Reset the accelerator; memory stays."""
        self._ask(Operation.RESET, 0, 1)

    def close(self) -> None:
        """Close the port."""
        self._line.close()

    def read_memory(self, address: int, count: int) -> bytes:
        """Read device memory; address and count are multiples of 4."""
        parts = []
        while count:
            words = min(count // _WORD_BYTES, MOST_WORDS)
            parts.append(self._ask(Operation.READ_MEMORY, address, words))
            address += words * _WORD_BYTES
            count -= words * _WORD_BYTES
        return b"".join(parts)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write device memory; address and length are multiples of 4."""
        step = MOST_WORDS * _WORD_BYTES
        for first in range(0, len(data), step):
            piece = data[first : first + step]
            self._ask(Operation.WRITE_MEMORY, address + first, len(piece) // _WORD_BYTES, piece)

    def _ask(self, operation: Operation, address: int, words: int, data: bytes = b"") -> bytes:
        """Make a request until it is answered, and return the data of the answer."""
        message = header(operation, address, words) + (data + crc(data) if data else b"")
        expected = 0 if data else words * _WORD_BYTES
        try:
            for _ in range(ATTEMPTS):
                self._line.write(message)
                reply, found = self._answer(expected)
                if reply is Reply.DONE:
                    return found
                if reply is Reply.BUS_ERROR:
                    raise DeviceError(
                        f"device {self.name} must answer {operation.name} of {words} words at "
                        f"{address:#x}, and reports an error of its bus"
                    )
                # silence ends what either side may be in the middle of
                time.sleep(2 * GAP_SECONDS)
                self._line.reset_input_buffer()
        except (OSError, serial.SerialException) as error:
            raise DeviceError(f"device {self.name} must stay connected: {error}") from None
        raise DeviceError(
            f"device {self.name} must answer a request, and did not {ATTEMPTS} times: is it an "
            f"accelerator, at {self._line.baudrate} bits a second?"
        )

    def _answer(self, expected: int) -> tuple[Reply | None, bytes]:
        """Return a reply and its data; None if it is damaged, or none came in time."""
        answer = self._line.read(1)
        done = answer == bytes([Reply.DONE.value])
        answer += self._line.read((expected if done else 0) + CRC_BYTES)
        body, end = answer[:-CRC_BYTES], answer[-CRC_BYTES:]
        if not body or crc(body) != end:
            return None, b""
        return next((reply for reply in Reply if reply.value == body[0]), None), body[1:]


class SerialBuffer:
    """A part of the memory behind a `SerialTransport`."""

    def __init__(self, transport: SerialTransport, address: int) -> None:
        self.address = address
        self._transport: SerialTransport | None = transport

    def read(self, offset: int, count: int) -> Bytes:
        """Return a copy of bytes."""
        return np.frombuffer(self._open().read_memory(self.address + offset, count), np.uint8)

    def write(self, offset: int, data: Bytes) -> None:
        """Write bytes."""
        self._open().write_memory(self.address + offset, data.tobytes())

    def free(self) -> None:
        """Give the memory back."""
        if self._transport is not None:
            self._transport.release(self.address)
        self._transport = None

    def _open(self) -> SerialTransport:
        if self._transport is None:
            raise DeviceError("a buffer that was freed must not be used")
        return self._transport
