"""Waves of a window of cycles: which, and in which file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

WaveFormat = Literal["vcd", "fst"]

WRITERS: dict[WaveFormat, str] = {"vcd": "VerilatedVcdC", "fst": "VerilatedFstC"}
"""Verilator's class for each format; its source is `verilated_FORMAT_c.cpp`."""

FST_HEADERS = ("lz4.h", "zlib.h")
"""What Verilator's writer of FST includes; VCD needs nothing."""

FST_LIBRARIES = ("-llz4", "-lz")


@dataclass(frozen=True)
class Waves:
    """What is to be written.

    One cycle is one nanosecond of the waves' time, so the time in ns is the cycle's number.

    Attributes
    ----------
    path : of the file
    format : of the file
    begin : first cycle; cycles count while a program runs, as in a trace
    cycles : how many
    """

    path: Path
    format: WaveFormat
    begin: int
    cycles: int
