"""What a host and an accelerator say to each other over a serial line; one declaration for both.

A request is a header, then for writes the words and their CRC:

    operation 1 | words - 1  1 | address 5 | CRC 2        data 4 * words | CRC 2

The answer to it is a reply, for reads the words, and a CRC over both:

    reply 1 | data 4 * words | CRC 2

Numbers are little-endian, but for the CRC: the most significant byte first, so that the CRC over a
message with its own CRC is zero. The host speaks first, and not before it has its answer. Behind
a damaged request it is silent for `GAP_SECONDS`, which both sides take as the end of a message.
Every request may be made twice: a start while a program runs is no second start.
"""

from __future__ import annotations

import binascii

from wingbeat.hw import enum

ADDRESS_BYTES = 5
HEADER_BYTES = 2 + ADDRESS_BYTES
CRC_BYTES = 2
CRC_START = 0xFFFF
"""CRC-16 of CCITT: polynomial 0x1021, the most significant bit first, from this value on."""

MEMORY_UNIT = 1 << 16
"""Bytes."""

MOST_WORDS = 256
"""Words of a message."""

GAP_SECONDS = 0.02
"""Length of a silence that ends a message: more than a USB adapter pauses within one."""


class Operation(enum.Enum, shape=8):
    """What a request asks for; addresses are in bytes."""

    DESCRIBE = 1
    """The answer is one word: the size of device memory in units of `MEMORY_UNIT`."""
    READ_REGISTER = 2
    WRITE_REGISTER = 3
    READ_MEMORY = 4
    WRITE_MEMORY = 5
    RESET = 6
    """Of the accelerator; no data, one word of zeros in the answer."""


class Reply(enum.Enum, shape=8):
    """What became of it; without data unless it is DONE."""

    DONE = 0x06
    DAMAGED = 0x15
    """A CRC is wrong, or there is no such operation: nothing was done."""
    BUS_ERROR = 0x1B
    """Register or memory answered with an error; what comes before that word was done."""


def crc(message: bytes) -> bytes:
    """Return the CRC that follows a message."""
    return binascii.crc_hqx(message, CRC_START).to_bytes(CRC_BYTES, "big")


def header(operation: Operation, address: int, words: int) -> bytes:
    """Return a header with its CRC; `words` are 1 to MOST_WORDS."""
    fields = bytes([operation.value, words - 1]) + address.to_bytes(ADDRESS_BYTES, "little")
    return fields + crc(fields)
