"""Bringing an image into device memory, and making sure that it has arrived."""

from __future__ import annotations

from collections.abc import Sequence

import google_crc32c

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import DeviceError
from wingbeat.sw.device.protocol import Loading
from wingbeat.sw.driver.link import Link
from wingbeat.sw.driver.placement import Part, parts
from wingbeat.sw.driver.transport import Buffer

PIECE = 8 << 20
"""Bytes of a transfer, at most: a bar moves, and no transport grows slow."""


def load_parts(link: Link, image: Image, buffers: Sequence[Buffer], progress: Loading) -> None:
    """Write an image to the buffers of its ports, and check each part by reading it back.

    Reading back costs one more pass over the link, which is less than what a CRC32C in the
    accelerator would cost every design that never uses it again.

    Raises
    ------
    DeviceError
        If device memory does not keep what was written to it.
    """
    pending = list(parts(image))
    total = sum(row.nbytes for part in pending for row in part.rows)
    done = 0
    for part in pending:
        for row, buffer in zip(part.rows, buffers, strict=False):
            for first in range(0, len(row), PIECE):
                piece = row[first : first + PIECE]
                link.store(buffer, part.offset + first, piece)
                done += len(piece)
                progress("loading", done / total)
    done = 0
    for part in pending:
        _check(link, part, buffers)
        done += sum(row.nbytes for row in part.rows)
        progress("checking", done / total)


def _check(link: Link, part: Part, buffers: Sequence[Buffer]) -> None:
    found = 0
    for row, buffer in zip(part.rows, buffers, strict=False):
        for first in range(0, len(row), PIECE):
            piece = link.load(buffer, part.offset + first, min(PIECE, len(row) - first))
            found = google_crc32c.extend(found, piece.tobytes())
    if found != part.crc32c:
        raise DeviceError(
            f"device {link.transport.name} must keep what is written to its memory: {part.name} "
            f"reads back with CRC32C {found:08x}, not {part.crc32c:08x}"
        )
