"""The control block as the host sees it: the ring of tokens, and how the device is."""

from __future__ import annotations

from wingbeat.hw.control import CONTROL_WORDS, RING_ENTRIES, RING_WORD, ControlBlock
from wingbeat.hw.errors import DeviceError, EncodingError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.program import WORD
from wingbeat.hw.memory_map import MemoryMap
from wingbeat.sw.device.protocol import Device, Words

LATE = RING_ENTRIES // 2
"""Tokens after which the device is told that they were taken: a write to it is no small thing."""


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

    def status(self) -> ControlBlock:
        """Return the control block as it is now."""
        return self._decode(self._device.read(self._first, RING_WORD))

    def empty(self) -> int:
        """Throw away what waits in the ring; return its head, where the next start goes on."""
        head = self.status().head
        self._move_tail(head)
        self._taken = head
        return head

    def take(self) -> tuple[ControlBlock, list[int]]:
        """Return the control block, and the tokens published since the last call, oldest first.

        Raises
        ------
        DeviceError
            If the ring claims to hold more than it can.
        """
        words = self._device.read(self._first, CONTROL_WORDS)
        status = self._decode(words)
        held = (status.head - status.tail) & WORD
        if held > RING_ENTRIES:
            raise DeviceError(
                f"the ring of device {self._device.name} must hold {RING_ENTRIES} tokens at most, "
                f"not {held} (head {status.head}, tail {status.tail})"
            )
        taken = status.tail if self._taken is None else self._taken
        waiting = (status.head - taken) & WORD
        tokens = [int(words[RING_WORD + (taken + i) % RING_ENTRIES]) for i in range(waiting)]
        self._taken = status.head
        if held >= LATE:
            self._move_tail(status.head)
        return status, tokens

    def _move_tail(self, tail: int) -> None:
        self._device.write(self._first + ControlBlock.word("tail"), [tail])

    def _decode(self, words: Words) -> ControlBlock:
        block = words[: ControlBlock.width() // 32]
        try:
            return ControlBlock.from_bits(int.from_bytes(block.astype("<u4").tobytes(), "little"))
        except EncodingError as error:
            raise DeviceError(f"control block of device {self._device.name}: {error}") from None
