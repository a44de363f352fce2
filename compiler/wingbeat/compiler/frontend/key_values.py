"""The metadata section of GGUF: typed values in the order of the file."""

from __future__ import annotations

import numpy as np
from gguf.constants import GGUFValueType

from wingbeat.compiler.frontend.cursor import Cursor
from wingbeat.compiler.frontend.metadata import MetadataValue
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.hw.errors import ModelError

MAX_KEY = 256
"""Bytes of a key; the format would allow 65,535."""

_NUMBERS: dict[GGUFValueType, np.dtype[np.generic]] = {
    GGUFValueType.UINT8: np.dtype("<u1"),
    GGUFValueType.INT8: np.dtype("<i1"),
    GGUFValueType.UINT16: np.dtype("<u2"),
    GGUFValueType.INT16: np.dtype("<i2"),
    GGUFValueType.UINT32: np.dtype("<u4"),
    GGUFValueType.INT32: np.dtype("<i4"),
    GGUFValueType.FLOAT32: np.dtype("<f4"),
    GGUFValueType.BOOL: np.dtype("<u1"),
    GGUFValueType.UINT64: np.dtype("<u8"),
    GGUFValueType.INT64: np.dtype("<i8"),
    GGUFValueType.FLOAT64: np.dtype("<f8"),
}


def read_key_values(cursor: Cursor, count: int) -> dict[str, MetadataValue]:
    """Read `count` entries from where the cursor stands.

    Arrays of numbers are windows of the file: little-endian, read-only, copied by nobody.

    Raises
    ------
    ModelError
        For a key that occurs twice, an unknown type, an array of arrays, or a limit of `Cursor`.
    """
    entries: dict[str, MetadataValue] = {}
    for index in range(count):
        key = cursor.string(f"metadata key {index}", MAX_KEY)
        if key in entries:
            raise ModelError(f"metadata {quoted(key)} must occur once, and occurs again")
        entries[key] = _value(cursor, f"metadata {quoted(key)}")
    return entries


def _value(cursor: Cursor, what: str) -> MetadataValue:
    kind = _type(cursor, what)
    if kind == GGUFValueType.STRING:
        return cursor.string(what)
    if kind != GGUFValueType.ARRAY:
        value: bool | int | float = _numbers(cursor, kind, 1, what)[0].item()
        return value
    element = _type(cursor, f"the elements of {what}")
    if element == GGUFValueType.ARRAY:
        # the format allows nesting without end; no key of a language model uses it
        raise ModelError(f"{what} must not be an array of arrays")
    count = cursor.u64(f"the length of {what}")
    if element == GGUFValueType.STRING:
        return cursor.strings(count, what)
    return _numbers(cursor, element, count, what)


def _type(cursor: Cursor, what: str) -> GGUFValueType:
    number = cursor.u32(f"the type of {what}")
    try:
        return GGUFValueType(number)
    except ValueError:
        raise ModelError(f"the type of {what} must be 0 to 12, not {number}") from None


def _numbers(
    cursor: Cursor, kind: GGUFValueType, count: int, what: str
) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    values = cursor.array(_NUMBERS[kind], count, what)
    if kind != GGUFValueType.BOOL:
        return values
    if values.max(initial=0) > 1:
        raise ModelError(f"a truth value of {what} must be 0 or 1, not {values.max()}")
    return values.view(np.bool_)
