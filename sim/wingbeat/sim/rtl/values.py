"""Port values between Python and 64-bit words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.sim.rtl.verilog import Port

Words = npt.NDArray[np.uint64]
Values = int | Sequence[int] | npt.NDArray[Any]


def to_words(port: Port, values: Values) -> Words:
    """Return uint64 (rows, words of the port): a row a value, as model.cpp takes them.

    `values` is an integer (one row), a sequence of integers of any size, a 1-D integer array, or a
    2-D array of any element type whose rows are the bytes of the values (16 float32 for a port of
    512 bits). Bits above the port's width are dropped, so negative numbers are fine.
    """
    if isinstance(values, np.ndarray) and values.ndim == 2:
        return _rows_of_bytes(port, values)
    if isinstance(values, np.ndarray) and values.ndim == 1:
        if values.dtype.kind not in "iub":
            raise TypeError(f"port `{port.name}`: integers are needed, not {values.dtype}")
        if port.words == 1:
            return values.astype(np.uint64).reshape(-1, 1)
        values = values.tolist()
    items = [int(values)] if isinstance(values, int | np.integer) else [int(v) for v in values]
    mask, size = (1 << port.width) - 1, port.words * 8
    data = b"".join([(item & mask).to_bytes(size, "little") for item in items])
    return np.frombuffer(data, np.uint64).reshape(-1, port.words)


def _rows_of_bytes(port: Port, values: npt.NDArray[Any]) -> Words:
    data = np.ascontiguousarray(values).view(np.uint8)
    if data.shape[1] not in (used := (port.width + 7) // 8, port.words * 8):
        raise ValueError(
            f"port `{port.name}`: rows of {data.shape[1]} bytes for {port.width} bits, not {used}"
        )
    padded = np.zeros((len(data), port.words * 8), np.uint8)
    padded[:, : data.shape[1]] = data
    return padded.view(np.uint64)


def to_int(port: Port, words: Words) -> int:
    """Return one row as an integer, negative where the port is signed and its top bit is set."""
    value = int.from_bytes(words.tobytes(), "little")
    return value - (1 << port.width) if port.signed and value >> (port.width - 1) else value


def to_array(port: Port, words: Words) -> npt.NDArray[Any]:
    """Return rows as users see them.

    At most 64 bits: 1-D, uint64, or int64 for a signed port. Wider: the 2-D words as they are.
    """
    if port.words > 1:
        return words
    if not port.signed:
        return words[:, 0]
    unused = np.int64(64 - port.width)
    return (words[:, 0].view(np.int64) << unused) >> unused
