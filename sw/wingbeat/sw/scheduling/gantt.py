"""A schedule as a Gantt picture; needs the extra `figures`."""

from __future__ import annotations

from pathlib import Path

from wingbeat.hw.errors import RequestError
from wingbeat.sim.soc.schedule import Schedule

FORMATS = ("svg", "png", "pdf")
"""Of a picture, by the end of its file's name."""

_COLOURS = 20
_LETTERS = 200
"""Letters of a name that fit in the width of the picture; a name that does not fit is left out."""


def picture_format(path: Path) -> str:
    """Return the format that a file's name asks for; RequestError if it is none."""
    format = path.suffix.removeprefix(".")
    if format not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise RequestError(f"picture must be a file that ends in {known}, not `{path.name}`")
    return format


def draw_gantt(schedule: Schedule, title: str, unit: str, output: Path, format: str) -> None:
    """Draw a row for each element with its tasks.

    Parameters
    ----------
    schedule : what is drawn
    title : above the picture
    unit : what a tick is
    output : file to write
    format : one of FORMATS

    Raises
    ------
    RequestError
        If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise RequestError(
            "a picture needs matplotlib, which `pip install wingbeat[figures]` installs"
        ) from None
    graph = schedule.graph
    names = graph.machine.names
    figure = Figure(figsize=(10, 1.2 + 0.35 * len(names)), layout="constrained")
    axes = figure.subplots()
    palette = mpl.colormaps["tab20"]
    for task, slot in enumerate(schedule.slots):
        axes.broken_barh(
            [(slot.start, slot.finish - slot.start)],
            (slot.element - 0.4, 0.8),
            facecolor=palette(task % _COLOURS),
            edgecolor="white",
            linewidth=0.5,
        )
        if (slot.finish - slot.start) * _LETTERS >= len(graph.names[task]) * schedule.makespan:
            middle = (slot.start + slot.finish) / 2
            axes.text(
                middle, slot.element, graph.names[task], ha="center", va="center",
                fontsize=6, clip_on=True,
            )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, max(1, schedule.makespan))
    axes.set_xlabel(unit)
    axes.set_title(title)
    with mpl.rc_context({"svg.hashsalt": "wingbeat"}):  # the same picture is the same file
        metadata = {"Date": None} if format == "svg" else None
        figure.savefig(output, format=format, metadata=metadata, dpi=150)
