"""The .bit file: its container, and what stands in it where there is no bitstream.

On a board the contents come from the vendor's tools. A simulated board is configured by a
*description*: the accelerator's configuration and the hash of the handoff file, under a checksum.
The header says SIMULATION, and no FPGA takes such a file: it lacks the synchronisation word.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import google_crc32c
import numpy as np

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import BitstreamError

_PREAMBLE = bytes.fromhex("0009 0ff00ff00ff00ff000 0001")
_MAGIC = b"WINGBEAT SIMULATION\0"
_HEAD = struct.Struct("<20sII")
_MOMENT = ("1970/01/01", "00:00:00")
"""Date and time: the same design gives the same file."""


@dataclass(frozen=True)
class Description:
    """What configures a simulated board.

    Attributes
    ----------
    config : the accelerator
    handoff : SHA-256 of the .hwh beside it, hexadecimal
    """

    config: AcceleratorConfig
    handoff: str


def bit_file(design: str, part: str, contents: bytes) -> bytes:
    """Wrap configuration data, whole words of 32 bits, as the vendor's tools do."""
    out = bytearray(_PREAMBLE)
    for key, text in zip("abcd", (design, part, *_MOMENT), strict=True):
        value = text.encode("ascii") + b"\0"
        out += key.encode() + struct.pack(">H", len(value)) + value
    return bytes(out + b"e" + struct.pack(">I", len(contents)) + contents)


def simulation_bit_file(description: Description, design: str, part: str) -> bytes:
    """Return the .bit of a simulated board."""
    return bit_file(f"{design};SIMULATION", f"simulation of {part}", _swapped(_pack(description)))


def read_firmware(firmware: bytes) -> Description:
    """Read what a simulated board is configured with.

    Parameters
    ----------
    firmware : a .bin file: the contents of a .bit with the bytes of each word swapped

    Raises
    ------
    BitstreamError
        If it is damaged, or was made for real hardware.
    """
    if not firmware or len(firmware) % 4:
        raise BitstreamError(
            f"a bitstream must be whole words of 4 bytes and not empty, not {len(firmware)} bytes"
        )
    if len(firmware) < _HEAD.size or not firmware.startswith(_MAGIC):
        raise BitstreamError(
            "a simulated board must get a bitstream that wingbeat wrote for simulation, "
            "and this one is damaged or made for hardware"
        )
    _, size, checksum = _HEAD.unpack_from(firmware)
    text = firmware[_HEAD.size : _HEAD.size + size]
    if len(text) != size:
        raise BitstreamError(
            f"the bitstream must hold a description of {size} bytes, not {len(text)}: it is cut off"
        )
    found = google_crc32c.value(text)
    if found != checksum:
        raise BitstreamError(
            f"the bitstream's description must have the CRC32C {checksum:08x}, not {found:08x}: "
            "it is damaged"
        )
    fields: dict[str, Any] = json.loads(text)
    return Description(AcceleratorConfig.parse(fields["config"]), fields["handoff"])


def _pack(description: Description) -> bytes:
    fields = {
        "config": description.config.model_dump(mode="json"),
        "handoff": description.handoff,
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    packed = _HEAD.pack(_MAGIC, len(text), google_crc32c.value(text)) + text
    return packed + bytes(-len(packed) % 4)


def _swapped(data: bytes) -> bytes:
    """Swap the bytes of each word: PYNQ does the same when it unpacks a .bit."""
    return np.frombuffer(data, "<u4").byteswap().tobytes()
