"""What an `xclbin` is made of, as XRT's `xclbin.h` lays it out: little endian, C alignment."""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Sequence
from ctypes import LittleEndianStructure as Structure
from ctypes import c_char, c_int16, c_int32, c_uint8, c_uint16, c_uint32, c_uint64

MAGIC = b"xclbin2\0"

NO_SIGNATURE = -1


class Mode(enum.IntEnum):
    """What the file is for."""

    HW_EMU = 4
    """Emulation by a simulator of the RTL."""


class SectionKind(enum.IntEnum):
    """Sections that wingbeat writes."""

    EMBEDDED_METADATA = 2
    MEM_TOPOLOGY = 6
    CONNECTIVITY = 7
    IP_LAYOUT = 8
    CLOCK_FREQ_TOPOLOGY = 11
    GROUP_TOPOLOGY = 26
    GROUP_CONNECTIVITY = 27


class MemoryType(enum.IntEnum):
    """Kinds of memory banks."""

    DDR4 = 1


class IpType(enum.IntEnum):
    """Kinds of blocks behind the control bus."""

    KERNEL = 1


class ClockType(enum.IntEnum):
    """What a clock is for."""

    DATA = 1


class Header(Structure):
    """Fixed part of the file; section headers follow it."""

    _fields_ = (
        ("magic", c_char * 8),
        ("signature_length", c_int32),
        ("reserved", c_uint8 * 28),
        ("key_block", c_uint8 * 256),
        ("unique_id", c_uint64),
        ("length", c_uint64),
        ("timestamp", c_uint64),
        ("rom_timestamp", c_uint64),
        ("version_patch", c_uint16),
        ("version_major", c_uint8),
        ("version_minor", c_uint8),
        ("mode", c_uint16),
        ("action_mask", c_uint16),
        ("rom_uuid", c_uint8 * 16),
        ("platform", c_char * 64),
        ("uuid", c_uint8 * 16),
        ("debug_file", c_char * 16),
        ("sections", c_uint32),
    )


class SectionHeader(Structure):
    """Where a section lies in the file, and what it is."""

    _fields_ = (
        ("kind", c_uint32),
        ("name", c_char * 16),
        ("offset", c_uint64),
        ("size", c_uint64),
    )


class Bank(Structure):
    """A bank of device memory."""

    _fields_ = (
        ("type", c_uint8),
        ("used", c_uint8),
        ("padding", c_uint8 * 6),
        ("kibibytes", c_uint64),
        ("base", c_uint64),
        ("tag", c_char * 16),
    )


class Connection(Structure):
    """A kernel's argument points into a bank."""

    _fields_ = (("argument", c_int32), ("ip", c_int32), ("bank", c_int32))


class Ip(Structure):
    """A kernel on the control bus; properties are 0: no interrupt, `ap_ctrl_hs`."""

    _fields_ = (
        ("type", c_uint32),
        ("properties", c_uint32),
        ("base", c_uint64),
        ("name", c_char * 64),
    )


class Clock(Structure):
    """A clock of the design."""

    _fields_ = (
        ("megahertz", c_uint16),
        ("type", c_uint8),
        ("unused", c_uint8 * 5),
        ("name", c_char * 128),
    )


def table(entries: Sequence[Structure], count: type[c_int16] | type[c_int32] = c_int32) -> bytes:
    """Return a section that is a count, then as many entries of one kind, at least one."""
    entry = type(entries[0])
    fields = [("count", count), ("entries", entry * len(entries))]
    kind = type("Table", (Structure,), {"_fields_": fields})
    return bytes(kind(len(entries), (entry * len(entries))(*entries)))


def size(structure: type[Structure]) -> int:
    """Return the bytes of a structure."""
    return ctypes.sizeof(structure)
