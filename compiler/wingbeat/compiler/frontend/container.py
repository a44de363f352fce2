"""GGUF: the container in which people have quantised models.

The header is scanned by modules of our own, not by `gguf.GGUFReader`, for two measured reasons.
The package's reader makes several NumPy arrays for each of the 98,000 strings of SmolLM2's
vocabulary and opens the file in 2.1 s; this one takes 0.07 s. And on 1,500 mutated files it
leaked ValueError, IndexError, UnicodeDecodeError and KeyError and accepted 487; a wrapper can
translate exceptions, but it cannot bound the work done before they are raised. What changes with
time, the table of tensor types with their block sizes and the decoding of blocks, does come from
the package.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3.

On any input, time and memory are bounded: the header by the limits here and in `cursor`, and
tensor data is mapped, not read. The worst header found takes 1.5 s and 390 MiB. The file must not
be truncated while it is in use, as with every memory map.
"""

from __future__ import annotations

import mmap
import stat
from pathlib import Path
from types import MappingProxyType

import numpy as np

from wingbeat.compiler.frontend.checkpoint import Checkpoint, StoredTensor
from wingbeat.compiler.frontend.cursor import Cursor
from wingbeat.compiler.frontend.directory import Entry, check_places, read_directory
from wingbeat.compiler.frontend.key_values import read_key_values
from wingbeat.compiler.frontend.metadata import Metadata, integer
from wingbeat.hw.errors import ModelError

MAX_KEYS = 4096
"""Metadata entries; files in use have about 40."""

MAX_TENSORS = 1 << 16
"""Tensors; a Llama of 126 layers has 1,137."""

VERSIONS = (2, 3)
"""Versions of the format that are read; they differ in the byte orders they allow."""

_ALIGNMENT = "general.alignment"
_DEFAULT_ALIGNMENT = 32


def read_gguf(path: Path) -> Checkpoint:
    """Open a GGUF file and check its structure; tensor data stays in the file until it is used.

    Raises
    ------
    ModelError
        For anything but a sound little-endian GGUF file of version 2 or 3, with the path and the
        first rule that is broken.
    """
    try:
        return _checkpoint(_mapped(path))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def _mapped(path: Path) -> mmap.mmap:
    try:
        status = path.stat()
        # a pipe or a device could make `open` wait for ever
        if not stat.S_ISREG(status.st_mode):
            raise ModelError("a model must be a regular file")
        if status.st_size == 0:
            raise ModelError("a model must not be an empty file")
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ModelError(f"the file cannot be opened: {error.strerror}") from None
    except (ValueError, OverflowError) as error:
        # a path with a NUL character, or a file larger than the address space
        raise ModelError(f"the file cannot be opened: {error}") from None


def _checkpoint(mapped: mmap.mmap) -> Checkpoint:
    cursor = Cursor(mapped)
    _check_preamble(cursor)
    tensor_count = cursor.count("the number of tensors", MAX_TENSORS)
    key_count = cursor.count("the number of metadata keys", MAX_KEYS)
    metadata = read_key_values(cursor, key_count)
    alignment = _alignment(metadata)
    entries = read_directory(cursor, tensor_count, alignment)
    start = -(-cursor.at // alignment) * alignment
    check_places(entries, len(mapped) - start)
    tensors = {entry.name: _tensor(mapped, entry, start) for entry in entries}
    return Checkpoint(MappingProxyType(metadata), MappingProxyType(tensors))


def _check_preamble(cursor: Cursor) -> None:
    magic = cursor.raw(4, "the magic number")
    if magic != b"GGUF":
        raise ModelError(f"a GGUF file must begin with {b'GGUF'!r}, not {magic!r}")
    version = cursor.u32("the version")
    if version and version & 0xFFFF == 0:
        raise ModelError("byte order must be little-endian, and this GGUF file is big-endian")
    if version not in VERSIONS:
        raise ModelError(f"the version of a GGUF file must be 2 or 3, not {version}")


def _alignment(metadata: Metadata) -> int:
    value = integer(metadata, _ALIGNMENT, 1, 1 << 31, _DEFAULT_ALIGNMENT)
    if value & (value - 1):
        raise ModelError(f"metadata `{_ALIGNMENT}` must be a power of two, not {value}")
    return value


def _tensor(mapped: mmap.mmap, entry: Entry, start: int) -> StoredTensor:
    size = entry.rows * entry.row_bytes
    data = np.frombuffer(mapped, np.uint8, size, start + entry.offset)
    return StoredTensor(
        entry.name, entry.shape, entry.kind, data.reshape(entry.rows, entry.row_bytes)
    )
