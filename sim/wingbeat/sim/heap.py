"""Who owns which part of a memory."""

from __future__ import annotations

from bisect import insort

from wingbeat.hw.errors import DeviceError


class Heap:
    """First-fit allocation of a range of addresses.

    Parameters
    ----------
    start, size : the range, bytes
    alignment : of every address handed out
    """

    def __init__(self, start: int, size: int, alignment: int = 4096) -> None:
        self._start, self._stop = start, start + size
        self._alignment = alignment
        self._taken: list[tuple[int, int]] = []
        """First byte and the byte behind the last, ascending."""

    def allocate(self, size: int) -> int:
        """Take `size` bytes, and return the address of the first.

        Raises
        ------
        DeviceError
            If no gap is large enough.
        """
        if size < 1:
            raise DeviceError(f"an allocation must have at least 1 byte, not {size}")
        address = self._aligned(self._start)
        for begin, end in self._taken:
            if address + size <= begin:
                break
            address = self._aligned(end)
        if address + size > self._stop:
            raise DeviceError(
                f"device memory must have {size} bytes in one piece, and has {self.free_bytes} of "
                f"{self._stop - self._start} left"
            )
        insort(self._taken, (address, address + size))
        return address

    def free(self, address: int) -> None:
        """Give back what begins at an address.

        Raises
        ------
        DeviceError
            If nothing does.
        """
        for index, (begin, _) in enumerate(self._taken):
            if begin == address:
                del self._taken[index]
                return
        raise DeviceError(f"no allocation begins at address {address:#x}")

    @property
    def free_bytes(self) -> int:
        """Bytes that nobody has, in as many pieces as there are."""
        return self._stop - self._start - sum(end - begin for begin, end in self._taken)

    def _aligned(self, address: int) -> int:
        return -(-address // self._alignment) * self._alignment
