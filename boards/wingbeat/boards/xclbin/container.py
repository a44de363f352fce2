"""Sections put together into one file."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from uuid import NAMESPACE_OID, UUID, uuid5

from wingbeat.boards.xclbin.structures import (
    MAGIC,
    NO_SIGNATURE,
    Header,
    Mode,
    SectionHeader,
    SectionKind,
    size,
)
from wingbeat.hw.errors import ConfigError

_ALIGNMENT = 8
"""Bytes at a multiple of which each section begins."""


def container(sections: Mapping[SectionKind, bytes], mode: Mode, platform: str) -> bytes:
    """Return the file. Its UUID follows from the contents: XRT loads a file again if it differs.

    Parameters
    ----------
    sections : contents by kind
    mode : what the file is for
    platform : name of the card's shell, at most 63 bytes
    """
    identity = _identity(sections, mode, platform)
    headers = []
    offset = _aligned(size(Header) + len(sections) * size(SectionHeader))
    body = bytearray(offset)
    for kind, contents in sections.items():
        headers.append(SectionHeader(kind, kind.name[:15].encode(), len(body), len(contents)))
        body += contents.ljust(_aligned(len(contents)), b"\0")
    header = Header(
        magic=MAGIC,
        signature_length=NO_SIGNATURE,
        unique_id=identity.int & 0xFFFF_FFFF_FFFF_FFFF,
        length=len(body),
        version_major=2,
        version_minor=13,
        mode=mode,
        platform=platform.encode()[:63],
        sections=len(headers),
    )
    header.reserved[:] = b"\xff" * len(header.reserved)
    header.uuid[:] = identity.bytes
    front = bytes(header) + b"".join(bytes(entry) for entry in headers)
    body[: len(front)] = front
    return bytes(body)


def read_sections(file: bytes) -> dict[SectionKind, bytes]:
    """Return the contents of every section of a file that `container` made.

    Raises
    ------
    ConfigError
        If any bit of the file is not what `container` wrote.
    """
    if file[: len(MAGIC)] != MAGIC or len(file) < size(Header):
        raise ConfigError(f"an xclbin must begin with {MAGIC!r} and have {size(Header)} bytes")
    header = Header.from_buffer_copy(file)
    found = {}
    try:
        for index in range(header.sections):
            place = size(Header) + index * size(SectionHeader)
            entry = SectionHeader.from_buffer_copy(file, place)
            found[SectionKind(entry.kind)] = file[entry.offset : entry.offset + entry.size]
        again = container(found, Mode(header.mode), header.platform.decode())
    except ValueError as error:
        raise ConfigError(f"an xclbin must be sound: {error}") from None
    if again != file:
        raise ConfigError("an xclbin must be as it was written: its UUID does not fit its contents")
    return found


def _identity(sections: Mapping[SectionKind, bytes], mode: Mode, platform: str) -> UUID:
    digest = sha256(f"{mode.value} {platform} ".encode())
    for kind, contents in sections.items():
        digest.update(f"{kind.value} {len(contents)} ".encode() + contents)
    return uuid5(NAMESPACE_OID, digest.hexdigest())


def _aligned(count: int) -> int:
    return -(-count // _ALIGNMENT) * _ALIGNMENT
