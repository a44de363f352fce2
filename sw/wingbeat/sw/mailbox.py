"""The control block as the host sees it: the ring of tokens, and how the device is."""

from __future__ import annotations

from wingbeat.hw.control import RING_ENTRIES, RING_WORD, ControlBlock
from wingbeat.hw.errors import DeviceError, EncodingError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.program import WORD
from wingbeat.hw.memory_map import MemoryMap
from wingbeat.sw.device.protocol import Device, Words

LATE = RING_ENTRIES // 2
"""Tokens after which the device is told that they were taken: a write to it is no small thing."""

_BLOCK = ControlBlock.width() // 32
"""Words of the control block."""


class Mailbox:
    """Reads what a running program publishes.

    Parameters
    ----------
    device : that holds an image
    memory : the image's memory map
    """

    def __init__(self, device: Device, memory: MemoryMap) -> None:
        self._device = device
        self._first = memory["control"].start * WORDS_PER_BEAT
        self._taken: int | None = None  # the tail as it is here; nobody has looked yet
        self._told = 0  # the tail as it is there

    def status(self) -> ControlBlock:
        """Return the control block as it is now."""
        return self._decode(self._device.read(self._first, _BLOCK))

    def empty(self) -> int:
        """Throw away what waits in the ring; return its head, where the next start goes on."""
        head = self._field("head")
        self._move_tail(head)
        self._taken = head
        return head

    def take(self) -> list[int]:
        """Return the tokens published since the last call, oldest first.

        Nothing else is read: over some links every word takes its time.

        Raises
        ------
        DeviceError
            If the ring claims to hold more than it can.
        """
        if self._taken is None:
            self._told = self._field("tail")
        taken = self._told if self._taken is None else self._taken
        head = self._field("head")
        waiting = (head - taken) & WORD
        if waiting > RING_ENTRIES:
            raise DeviceError(
                f"the ring of device {self._device.name} must hold {RING_ENTRIES} tokens at most, "
                f"not {waiting} (head {head}, tail {taken})"
            )
        place = taken % RING_ENTRIES
        first = self._ring(place, min(waiting, RING_ENTRIES - place))
        tokens = first + self._ring(0, waiting - len(first))
        self._taken = head
        if (head - self._told) & WORD >= LATE:
            self._move_tail(head)
        return tokens

    def _field(self, name: str) -> int:
        """Read one word of the control block."""
        return int(self._device.read(self._first + ControlBlock.word(name), 1)[0])

    def _ring(self, place: int, count: int) -> list[int]:
        """Return entries of the ring, up to its end at most."""
        if not count:
            return []
        return [int(word) for word in self._device.read(self._first + RING_WORD + place, count)]

    def _move_tail(self, tail: int) -> None:
        self._device.write(self._first + ControlBlock.word("tail"), [tail])
        self._told = tail

    def _decode(self, words: Words) -> ControlBlock:
        try:
            return ControlBlock.from_bits(int.from_bytes(words.astype("<u4").tobytes(), "little"))
        except EncodingError as error:
            raise DeviceError(f"control block of device {self._device.name}: {error}") from None
