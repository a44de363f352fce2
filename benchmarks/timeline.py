"""A picture of one layer from a timeline of `wingbeat trace --device rtl`.

A row for each unit: its instructions, coloured by what they are, and where it waits for tokens.
Below them, the use of the first memory port.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Patch

UNITS = ("LD", "ST", "MPE", "MISC")
"""Rows, by number of the track; SYS works all the time."""

WAIT = "lightgrey"

Event = dict[str, Any]


def layer_of(events: list[Event], loops: list[int]) -> tuple[int, int]:
    """Return first cycle, and cycle behind the last, of these iterations of the loops."""
    inside = [
        event["args"]
        for event in events
        if event["args"].get("loops", [])[: len(loops)] == loops and event["tid"] < len(UNITS)
    ]
    if not inside:
        raise SystemExit(f"no instruction has the loops {loops}")
    return min(args["start"] for args in inside), max(args["end"] for args in inside)


def draw_units(axes: Axes, slices: list[Event], clock: float) -> None:
    """Draw the instructions of each unit, and its waits."""
    names = sorted({event["cat"] for event in slices} - {"wait"})
    colours = dict(zip(names, plt.get_cmap("tab20").colors, strict=False))  # type: ignore[attr-defined]
    for event in slices:
        waits = event["cat"] == "wait"
        row, height = len(UNITS) - 1 - event["tid"], 0.3 if waits else 0.8
        axes.broken_barh(
            [(event["ts"] * clock, event["dur"] * clock)],
            (row - height / 2, height),
            facecolor=WAIT if waits else colours[event["cat"]],
            edgecolor="none" if waits else "white",
            linewidth=0.3,
        )
    axes.set_yticks(range(len(UNITS)), reversed(UNITS))
    handles = [Patch(color=colours[name], label=name) for name in names]
    handles.append(Patch(color=WAIT, label="waits for tokens"))
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=6, fontsize=8)


def draw(document: Event, loops: list[int], output: Path) -> None:
    """Draw a layer to a file."""
    clock, events = document["otherData"]["clock_mhz"], document["traceEvents"]
    begin, end = layer_of(events, loops)
    slices = [
        event
        for event in events
        if event["ph"] == "X"
        and event["tid"] < len(UNITS)
        and event["ts"] * clock < end
        and (event["ts"] + event["dur"]) * clock > begin
    ]
    mpl.rcParams["svg.hashsalt"] = "wingbeat"  # the same picture is the same file
    figure, (units, port) = plt.subplots(
        2, 1, figsize=(10, 4.2), sharex=True, height_ratios=(3, 1), layout="constrained"
    )
    draw_units(units, slices, clock)
    samples = [event for event in events if event["name"] == "memory port 0 %"]
    port.step(
        [event["ts"] * clock for event in samples],
        [event["args"]["read"] for event in samples],
        where="post",
        linewidth=0.8,
    )
    port.set(ylim=(0, 105), ylabel="port 0, %", xlabel="cycle", xlim=(begin, end))
    figure.savefig(output, metadata={"Date": None})


def main() -> None:
    """Read the timeline, write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("timeline", type=Path, help="JSON of `wingbeat trace`")
    parser.add_argument("output", type=Path, help="picture, .svg")
    parser.add_argument(
        "--loops",
        type=int,
        nargs="+",
        required=True,
        help="iteration of each loop, outermost first",
    )
    options = parser.parse_args()
    document = json.loads(options.timeline.read_text(encoding="utf-8"))
    draw(document, options.loops, options.output)


if __name__ == "__main__":
    main()
