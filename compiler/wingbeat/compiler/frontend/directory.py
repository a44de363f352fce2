"""The directory of tensors of GGUF: what each is, and that all of them lie where they can."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

from wingbeat.compiler.frontend.cursor import Cursor
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.hw.errors import ModelError

MAX_NAME = 64
"""Bytes of a tensor's name, GGML's own limit."""

MAX_DIMENSIONS = 4
"""Dimensions of a tensor, GGML's own limit."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A tensor as the directory announces it.

    Attributes
    ----------
    name : GGUF name
    shape : NumPy order, one to four dimensions, none of them 0
    kind : GGML's tensor type
    offset : first byte, counted from the start of the tensor data
    row_bytes : bytes of one row, a whole number of blocks
    """

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    offset: int
    row_bytes: int

    @property
    def rows(self) -> int:
        """Product of all dimensions but the last; 1 for a vector."""
        return math.prod(self.shape[:-1])

    @property
    def end(self) -> int:
        """Offset of the byte after the last, counted like `offset`."""
        return self.offset + self.rows * self.row_bytes


def read_directory(cursor: Cursor, count: int, alignment: int) -> list[Entry]:
    """Read `count` entries from where the cursor stands.

    Raises
    ------
    ModelError
        For a name that occurs twice, a dimension of 0, an unknown type, a row that is no whole
        number of blocks, an offset that breaks `alignment`, or a limit of `Cursor`.
    """
    entries: dict[str, Entry] = {}
    for index in range(count):
        entry = _entry(cursor, index, alignment)
        if entry.name in entries:
            raise ModelError(f"tensor {quoted(entry.name)} must occur once, and occurs again")
        entries[entry.name] = entry
    return list(entries.values())


def check_places(entries: Iterable[Entry], size: int) -> None:
    """Check that every tensor lies within the `size` bytes of tensor data, apart from all others.

    Raises
    ------
    ModelError
        Naming the tensor that reaches too far, or the two that share bytes.
    """
    previous: Entry | None = None
    for entry in sorted(entries, key=lambda entry: entry.offset):
        place = f"tensor {quoted(entry.name)} at bytes {entry.offset}..{entry.end}"
        if entry.end > size:
            raise ModelError(f"{place} must lie within the {max(size, 0)} bytes of tensor data")
        if previous is not None and entry.offset < previous.end:
            raise ModelError(
                f"{place} must not overlap tensor {quoted(previous.name)} at bytes "
                f"{previous.offset}..{previous.end}"
            )
        previous = entry


def _entry(cursor: Cursor, index: int, alignment: int) -> Entry:
    name = cursor.string(f"the name of tensor {index}", MAX_NAME)
    what = f"tensor {quoted(name)}"
    count = cursor.u32(f"the number of dimensions of {what}")
    if not 1 <= count <= MAX_DIMENSIONS:
        raise ModelError(f"{what} must have 1 to {MAX_DIMENSIONS} dimensions, not {count}")
    # GGUF stores the fastest dimension first, NumPy names it last
    shape = tuple([cursor.u64(f"the dimensions of {what}") for _ in range(count)][::-1])
    if 0 in shape:
        raise ModelError(f"{what} must have no dimension of 0, and has {shape}")
    kind = _kind(cursor.u32(f"the type of {what}"), what)
    block, block_bytes = GGML_QUANT_SIZES[kind]
    if shape[-1] % block:
        raise ModelError(
            f"columns of {what} must be a multiple of the {kind.name} block of {block}, "
            f"not {shape[-1]}"
        )
    offset = cursor.u64(f"the offset of {what}")
    if offset % alignment:
        raise ModelError(f"the offset of {what} must be a multiple of {alignment}, not {offset}")
    return Entry(name, shape, kind, offset, shape[-1] // block * block_bytes)


def _kind(number: int, what: str) -> GGMLQuantizationType:
    try:
        kind = GGMLQuantizationType(number)
    except ValueError:
        kind = None
    if kind not in GGML_QUANT_SIZES:
        raise ModelError(f"the type of {what} must be one that GGML defines, not {number}")
    return kind
