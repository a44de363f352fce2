"""Multiplexers of many inputs, written as a simulator likes to read them.

The `proc` pass of yosys makes a `$pmux` of a `switch`, and its Verilog back end a function call of
that, whose argument is all inputs side by side: Verilator would copy every input in every cycle.
Narrow ones become two-way multiplexers here, wide ones a chain of `if` again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

WIDE = 64
"""Bits above which one branch and a copy cost less than a choice for every word."""

MODULE = re.compile(r"^module \S+\n.*?^end\n", re.M | re.S)
WIRE = re.compile(r"^  wire (?:width (\d+) )?.*?([\\$]\S+)$", re.M)
PMUX = re.compile(
    r"^  cell \$pmux (?P<name>\S+)\n"
    r"    parameter \\S_WIDTH (?P<ways>\d+)\n"
    r"    parameter \\WIDTH (?P<width>\d+)\n"
    r"    connect \\A (?P<a>.*)\n"
    r"    connect \\B (?P<b>.*)\n"
    r"    connect \\S (?P<s>.*)\n"
    r"    connect \\Y (?P<y>.*)\n"
    r"  end\n",
    re.M,
)
PART = re.compile(r"(?P<wire>[\\$]\S+)(?: \[(?P<high>\d+)(?::(?P<low>\d+))?\])?|\d+'(?P<bits>\S+)")


def unfold(rtlil: str) -> str:
    """Return the netlist, as yosys writes it, without `$pmux`."""
    return MODULE.sub(lambda module: _unfold_module(module.group()), rtlil)


def _unfold_module(text: str) -> str:
    widths = {name: int(width or 1) for width, name in WIRE.findall(text)}
    return PMUX.sub(lambda match: _unfolded(match, widths), text)


def _unfolded(match: re.Match[str], widths: Mapping[str, int]) -> str:
    name, width, ways = match["name"], int(match["width"]), int(match["ways"])
    inputs = list(_cut(match["b"], width, widths))
    choices = list(_cut(match["s"], 1, widths))
    text = []
    if width > WIDE:
        text += [f"  process {name}", f"    assign {match['y']} {match['a']}"]
        text.append(f"    switch {match['s']}")
        for k, source in enumerate(inputs):
            pattern = "-" * (ways - k - 1) + "1" + "-" * k
            text += [f"      case {ways}'{pattern}", f"        assign {match['y']} {source}"]
        text += ["    end", "  end"]
    else:
        last = match["a"]
        for k, (source, choice) in enumerate(zip(inputs, choices, strict=True)):
            output = match["y"] if k == ways - 1 else f"{name}${k}"
            if k < ways - 1:
                text.append(f"  wire width {width} {output}")
            text += [
                f"  cell $mux {name}$way{k}",
                f"    parameter \\WIDTH {width}",
                f"    connect \\A {last}",
                f"    connect \\B {source}",
                f"    connect \\S {choice}",
                f"    connect \\Y {output}",
                "  end",
            ]
            last = output
    return "\n".join(text) + "\n"


def _cut(signal: str, width: int, widths: Mapping[str, int]) -> Iterator[str]:
    """Cut a signal into pieces of `width` bits, the lowest first."""
    piece: list[str] = []  # the highest part first
    room = width
    for part in reversed(list(PART.finditer(signal))):
        if part["bits"] is not None:
            low, high = 0, len(part["bits"]) - 1
        elif part["high"] is None:
            low, high = 0, widths[part["wire"]] - 1
        else:
            high = int(part["high"])
            low = int(part["low"] or high)
        while low <= high:
            count = min(room, high - low + 1)
            piece.insert(0, _slice(part, low, count))
            low, room = low + count, room - count
            if not room:
                yield piece[0] if len(piece) == 1 else f"{{ {' '.join(piece)} }}"
                piece, room = [], width


def _slice(part: re.Match[str], low: int, count: int) -> str:
    if part["bits"] is not None:
        end = len(part["bits"]) - low
        return f"{count}'{part['bits'][end - count : end]}"
    return f"{part['wire']} [{low + count - 1}:{low}]"
