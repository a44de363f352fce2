"""Parts of a wide signal that a number chooses, written as a simulator likes to read them.

Amaranth writes `word_select`, and an array that a signal indexes, as a shift of the whole signal:
Verilator would move all of it to use the lowest part. Where a number chooses among parts that fill
the signal, so that none lies beyond its end, they are a two-way multiplexer or, in Verilog,
`signal[place +: part]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from wingbeat.sim.rtl.multiplexers import MODULE, WIRE

SHIFT = re.compile(
    r"^  cell \$shift (?P<name>\S+)\n"
    r"    parameter \\A_SIGNED 0\n"
    r"    parameter \\A_WIDTH (?P<width>\d+)\n"
    r"    parameter \\B_SIGNED 0\n"
    r"    parameter \\B_WIDTH \d+\n"
    r"    parameter \\Y_WIDTH (?P<part>\d+)\n"
    r"    connect \\A (?P<wide>[\\$]\S+)(?: \[\d+:(?P<low>\d+)\])?\n"
    r"    connect \\B \{ 1'0 (?P<number>(?P<wire>[\\$]\S+)(?: \[(?P<top>\d+)(?::(?P<end>\d+))?\])?)"
    r" (?P<zeros>(?P<shift>\d+)'0+) \}\n"
    r"    connect \\Y (?P<y>.*)\n"
    r"  end\n",
    re.M,
)


def select(rtlil: str) -> str:
    """Return the netlist, as yosys writes it after `opt`, with selections instead of shifts."""
    return MODULE.sub(lambda module: _select_in_module(module.group()), rtlil)


def _select_in_module(text: str) -> str:
    widths = {name: int(width or 1) for width, name in WIRE.findall(text)}
    return SHIFT.sub(lambda match: _selection(match, widths), text)


def _selection(match: re.Match[str], widths: Mapping[str, int]) -> str:
    part, low = int(match["part"]), int(match["low"] or 0)
    bits = _bits(match, widths)
    fills = part << bits == int(match["width"]) and part == 1 << int(match["shift"])
    if fills and bits == 1:
        ways = [f"{match['wide']} [{low + at + part - 1}:{low + at}]" for at in (0, part)]
        return (
            f"  cell $mux {match['name']}\n"
            f"    parameter \\WIDTH {part}\n"
            f"    connect \\A {ways[0]}\n"
            f"    connect \\B {ways[1]}\n"
            f"    connect \\S {match['number']}\n"
            f"    connect \\Y {match['y']}\n"
            "  end\n"
        )
    if fills and low == 0:
        return (
            f"  cell $shiftx {match['name']}\n"
            "    parameter \\A_SIGNED 0\n"
            f"    parameter \\A_WIDTH {widths[match['wide']]}\n"
            "    parameter \\B_SIGNED 0\n"
            f"    parameter \\B_WIDTH {bits + int(match['shift'])}\n"
            f"    parameter \\Y_WIDTH {part}\n"
            f"    connect \\A {match['wide']}\n"
            f"    connect \\B {{ {match['number']} {match['zeros']} }}\n"
            f"    connect \\Y {match['y']}\n"
            "  end\n"
        )
    return match.group()


def _bits(match: re.Match[str], widths: Mapping[str, int]) -> int:
    """Return the bits of the number that chooses."""
    if match["top"] is None:
        return widths[match["wire"]]
    return int(match["top"]) - int(match["end"] or match["top"]) + 1
