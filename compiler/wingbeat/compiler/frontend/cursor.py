"""A reader that walks a memory map and cannot be led out of it."""

from __future__ import annotations

import mmap
import struct

import numpy as np
import numpy.typing as npt

from wingbeat.hw.errors import ModelError

MAX_HEADER = 64 << 20
"""Bytes before the tensor data. The largest vocabularies in use (260,000 tokens with 515,000
merges) take 17 MB; what a header can make this process allocate grows with this limit."""

MAX_STRING = 1 << 20
"""Bytes of one string. Chat templates are the longest strings in use, at a few ten kilobytes."""

MAX_STRINGS = 1 << 21
"""Strings in all arrays together: more than twice the largest vocabulary with its merges."""

_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class Cursor:
    """Reads little-endian values one after another, each within the file and `MAX_HEADER`.

    Every method names the thing it reads in the ModelError that a short or hostile file gets.

    Attributes
    ----------
    at : offset of the next byte
    """

    def __init__(self, mapped: mmap.mmap) -> None:
        self.at = 0
        self._mapped = mapped
        self._strings_left = MAX_STRINGS
        self._end = min(len(mapped), MAX_HEADER)

    def skip(self, size: int, what: str) -> int:
        """Step over `size` bytes and return the offset of the first."""
        start = self.at
        if size > self._end - start:
            reason = (
                f"passes the limit of {MAX_HEADER} bytes"
                if self._end == MAX_HEADER
                else f"ends at byte {self._end}"
            )
            raise ModelError(
                f"the header {reason} inside {what}, which takes {size} bytes from byte {start}"
            )
        self.at = start + size
        return start

    def u32(self, what: str) -> int:
        """Read an unsigned 32-bit integer."""
        value: int = _U32.unpack_from(self._mapped, self.skip(4, what))[0]
        return value

    def u64(self, what: str) -> int:
        """Read an unsigned 64-bit integer."""
        value: int = _U64.unpack_from(self._mapped, self.skip(8, what))[0]
        return value

    def count(self, what: str, limit: int) -> int:
        """Read an unsigned 64-bit integer that must not exceed `limit`."""
        value = self.u64(what)
        if value > limit:
            raise ModelError(f"{what} must be at most {limit}, not {value}")
        return value

    def raw(self, size: int, what: str) -> bytes:
        """Read `size` bytes."""
        start = self.skip(size, what)
        return self._mapped[start : start + size]

    def string(self, what: str, limit: int = MAX_STRING) -> str:
        """Read a length and as many bytes of UTF-8."""
        raw = self.raw(self.count(f"the length of {what}", limit), what)
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise ModelError(
                f"{what} must be UTF-8, and its byte {error.start} is {raw[error.start]:#04x}"
            ) from None

    def strings(self, count: int, what: str) -> tuple[str, ...]:
        """Read an array of strings."""
        if count > self._strings_left:
            raise ModelError(
                f"all arrays together must have {MAX_STRINGS} strings at most, and {what} has "
                f"{count}"
            )
        self._strings_left -= count
        element = f"a string of {what}"
        return tuple([self.string(element) for _ in range(count)])

    def array(self, dtype: np.dtype[np.generic], count: int, what: str) -> npt.NDArray[np.generic]:
        """Map `count` numbers, without a copy and read-only."""
        start = self.skip(count * dtype.itemsize, what)
        return np.frombuffer(self._mapped, dtype, count, start)
