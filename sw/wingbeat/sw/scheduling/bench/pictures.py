"""Pictures of a comparison's streams; needs the extra `figures`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wingbeat.hw.errors import RequestError

LATENCY, NOISE = "schedule_latency.svg", "schedule_noise.svg"
"""Files that are written, where there is something to draw."""

_WORST = 2.0
"""Latencies beyond this multiple of ETF's are left out: nothing else could be told apart."""

_BASELINES = ("heft", "heft_rt")
"""Plans of whole jobs, and the same priorities as a run goes on: what noise makes worse."""

_Case = dict[str, Any]


def draw_pictures(result: dict[str, Any], folder: Path) -> list[Path]:
    """Draw latencies with intervals, and gains over HEFT by noise; return the files.

    Raises
    ------
    RequestError
        If matplotlib is not installed, or the folder cannot be written.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise RequestError(
            "a picture needs matplotlib, which `pip install wingbeat[figures]` installs"
        ) from None
    cases: list[_Case] = result["parts"].get("streams", [])
    top = [case for case in cases if case["parameters"]["workload"] == "top"]
    figures = {}
    if cases:
        figures[LATENCY] = Figure(figsize=(10, 0.5 + 2.2 * len(cases)), layout="constrained")
        _latencies(figures[LATENCY], cases)
    baselines = [name for name in _BASELINES if top and name in top[0]["schedulers"]]
    if baselines:
        figures[NOISE] = Figure(figsize=(10, 4), layout="constrained")
        _gains(figures[NOISE], top, baselines)
    written = []
    for name, figure in figures.items():
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with mpl.rc_context({"svg.hashsalt": "wingbeat"}):  # the same picture is the same file
                figure.savefig(path, metadata={"Date": None})
        except OSError as error:
            raise RequestError(f"picture `{path}` must be writable: {error.strerror}") from None
        written.append(path)
    return written


def _latencies(figure: Any, cases: list[_Case]) -> None:
    """Draw a panel for each case: a point with its interval for each scheduler."""
    panels = figure.subplots(len(cases), 1, squeeze=False)[:, 0]
    for axes, case in zip(panels, cases, strict=True):
        values = {name: value["latency"] for name, value in case["schedulers"].items()}
        limit = _WORST * values.get("etf", {"mean": float("inf")})["mean"]
        kept = {name: v for name, v in values.items() if v["mean"] <= limit}
        for name in sorted(kept, key=lambda scheduler: kept[scheduler]["mean"]):
            value = kept[name]
            axes.errorbar([name], [value["mean"]], yerr=[value["half"] or 0], fmt="o", capsize=4)
        axes.set_ylabel(f"latency, {case['unit']}")
        axes.set_title(case["name"], fontsize=9)
        axes.grid(axis="y", alpha=0.3)


def _gains(figure: Any, cases: list[_Case], baselines: list[str]) -> None:
    """Draw how much shorter latencies are than a baseline's, over noise."""
    panels = figure.subplots(1, len(baselines), squeeze=False)[0]
    for axes, other in zip(panels, baselines, strict=True):
        for name in cases[0]["schedulers"]:
            if name == other:
                continue
            against = [case["schedulers"][name]["against"][other] for case in cases]
            axes.errorbar(
                [case["parameters"]["noise"] for case in cases],
                [-100 * value["mean"] for value in against],
                yerr=[100 * (value["half"] or 0) for value in against],
                marker="o", capsize=3, label=name,
            )  # fmt: skip
        axes.set_xlabel("noise, standard deviation as a share of a task's cost")
        axes.set_ylabel(f"latency below that of {other}, %")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7, ncols=2)
