"""Device memory as PYNQ gives it: mapped on a board, or at the far end of a network.

From afar PYNQ transfers a buffer only as a whole, in a stream that begins at its first byte; what
lies in between is reached word by word, as registers are. So an image is put together here, sent
in one stream, and from then on looked at in words, or in whole where that is faster.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pynq import MMIO
from pynq.remote import buffer_pb2, buffer_pb2_grpc

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.pynq.channel import answered

Bytes = npt.NDArray[np.uint8]

CHUNK = 1 << 20
"""Bytes of one message; gRPC takes 4 MiB at most."""

WORD_BYTES = 1 << 16
"""What a network carries in the time of one word, about: a quarter of a millisecond."""

LARGEST_REMOTE = (1 << 31) - 1
"""Bytes of a buffer, at most: the size is a signed number of 32 bits in PYNQ's protocol."""


class LocalMemory:
    """A buffer on the board itself, mapped past the caches.

    Parameters
    ----------
    array : what `allocate` has returned, uint8
    """

    def __init__(self, array: Any) -> None:
        self._array = array
        self.address = int(array.device_address)

    @property
    def held(self) -> bool:
        """Whether the memory has not been given back."""
        return self._array is not None

    def read(self, offset: int, count: int) -> Bytes:
        """Return a copy of bytes."""
        return np.array(self._array[offset : offset + count], np.uint8)

    def write(self, offset: int, data: Bytes) -> None:
        """Write bytes."""
        self._array[offset : offset + len(data)] = data

    def settle(self) -> None:
        """Do nothing: what is written is there."""

    def free(self) -> None:
        """Give the memory back."""
        if self._array is not None:
            self._array.freebuffer()
        self._array = None


class RemoteMemory:
    """A buffer at the far end of a network.

    Before the first register is written nothing runs: writes are kept here, and sent when they
    are needed. From then on a write goes word by word to its place.

    Parameters
    ----------
    array : what `allocate` has returned, uint8; it is the copy on this side
    device : PYNQ's remote device
    name : of the device
    """

    def __init__(self, array: Any, device: Any, name: str) -> None:
        if not array.buffer_id:
            raise DeviceError(
                f"device {name} must have {array.nbytes} bytes of memory in one piece, and has not"
            )
        self._array = array
        self._name = name
        self._stub = buffer_pb2_grpc.RemoteBufferStub(device.client.channel)
        with answered(name):
            self.address = int(array.device_address)
            self._words = MMIO(self.address, array.nbytes, device=device)
        self._copy: Bytes = array.view(np.ndarray)
        self._copy[:] = 0
        self._unsent = 0  # bytes from the first on
        self._live = False
        self._fetched = False  # the copy is what the device has

    @property
    def held(self) -> bool:
        """Whether the memory has not been given back."""
        return self._array is not None

    def read(self, offset: int, count: int) -> Bytes:
        """Return a copy of bytes."""
        self._send()
        with answered(self._name):
            if not self._fetched and count // 4 * WORD_BYTES <= len(self._copy):
                words = [self._words.read(offset + i) for i in range(0, count, 4)]
                return np.array(words, np.uint32).view(np.uint8)
            self._fetch()
        return self._copy[offset : offset + count].copy()

    def write(self, offset: int, data: Bytes) -> None:
        """Write bytes."""
        self._fetched = False
        self._copy[offset : offset + len(data)] = data
        if not self._live:
            self._unsent = max(self._unsent, offset + len(data))
            return
        with answered(self._name):
            for i, word in enumerate(data.view(np.uint32).tolist()):
                self._words.write(offset + 4 * i, word)

    def settle(self) -> None:
        """Send what is kept here: something may run from now on."""
        if self.held:
            self._send()
        self._live, self._fetched = True, False

    def free(self) -> None:
        """Give the memory back."""
        array, self._array = self._array, None
        if array is not None:
            with answered(self._name):
                array.freebuffer()

    def _send(self) -> None:
        if not self._unsent:
            return
        count, self._unsent = self._unsent, 0
        name = self._array.buffer_id
        chunks = (
            buffer_pb2.BufferWriteRequest(
                buffer_id=name, data=self._copy[first : min(first + CHUNK, count)].tobytes()
            )
            for first in range(0, count, CHUNK)
        )
        with answered(self._name):
            _check(self._stub.write(chunks))
            _check(self._stub.flush(buffer_pb2.FlushRequest(buffer_id=name)))

    def _fetch(self) -> None:
        """Bring the whole buffer here, without the copies that PYNQ makes of ever longer bytes."""
        if self._fetched:
            return
        name = self._array.buffer_id
        _check(self._stub.invalidate(buffer_pb2.InvalidateRequest(buffer_id=name)))
        first = 0
        for part in self._stub.read(buffer_pb2.BufferReadRequest(buffer_id=name)):
            self._copy[first : first + len(part.data)] = np.frombuffer(part.data, np.uint8)
            first += len(part.data)
        if first != len(self._copy):
            raise DeviceError(
                f"device {self._name} must send {len(self._copy)} bytes of a buffer, not {first}"
            )
        self._fetched = not self._live


def _check(response: Any) -> None:
    if response.msg:
        raise RuntimeError(response.msg)
