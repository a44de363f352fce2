"""Where an image lies in device memory: one buffer a port, the program behind the regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from wingbeat.compiler.image import Image, crc32c
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.sw.driver.transport import Bytes


@dataclass(frozen=True)
class Part:
    """Something that a device's memory must hold before its first start.

    Attributes
    ----------
    name : for messages
    crc32c : of all rows, one behind the other
    rows : uint8, by memory port from port 0 on
    offset : of each row in the buffer of its port, bytes
    """

    name: str
    crc32c: int
    rows: tuple[Bytes, ...]
    offset: int


def buffer_sizes(image: Image) -> list[int]:
    """Return the bytes that each memory port needs; beat 0 is the first of its buffer."""
    memory, program = image.memory, image.program.page()
    size = memory.program_start * BEAT_BYTES
    return [size + len(program), *[size] * (image.manifest.config.ports - 1)]


def parts(image: Image) -> Iterator[Part]:
    """Yield what an image brings, and the control block as a program expects it: all zeros.

    Other regions are written before they are read, or what is read of them does not count.
    """
    for entry in image.manifest.regions:
        if entry.crc32c is not None:
            rows = tuple(image.contents[entry.name])
            yield Part(f"region `{entry.name}`", entry.crc32c, rows, entry.start * BEAT_BYTES)
    control = image.memory["control"]
    start = image.memory.program_start
    for name, beat, row in (
        ("region `control`", control.start, np.zeros(control.bytes_per_port, np.uint8)),
        ("the program", start, image.program.page()),
    ):
        yield Part(name, crc32c(row), (row,), beat * BEAT_BYTES)
