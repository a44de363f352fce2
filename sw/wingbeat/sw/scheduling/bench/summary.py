"""Figures of all runs as means with intervals, and against other schedulers run by run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wingbeat.sw.scheduling.bench.case import Case, Figures
from wingbeat.sw.scheduling.bench.intervals import Interval, interval, relative
from wingbeat.sw.scheduling.bench.measure import Measured

BASELINES = ("etf", "heft", "heft_rt")
"""What every scheduler is compared with."""

Summary = dict[str, Any]


def summarise(case: Case, measured: Measured) -> Summary:
    """Return a case as it is written as JSON.

    `schedulers` has, by scheduler, each figure's `mean` and `half`, half of its 95 % interval. Its
    `against` has the metric's difference to a baseline's under the same seed, as a share of it, and
    `worse`, the share of seeds under which it is greater. `runs` are those that have figures.
    """
    by_scheduler = {name: [run for run in runs if run] for name, runs in measured.items()}
    return {
        "name": case.name,
        "metric": case.metric,
        "unit": case.unit,
        "parameters": dict(vars(case)),
        "runs": min(map(len, by_scheduler.values())),
        "schedulers": {
            name: {figure: _written(interval([run[figure] for run in runs])) for figure in runs[0]}
            | {
                "against": {
                    other: _against(runs, by_scheduler[other], case.metric)
                    for other in BASELINES
                    if other in by_scheduler and other != name
                }
            }
            for name, runs in by_scheduler.items()
            if runs
        },
    }


def _against(runs: Sequence[Figures], others: Sequence[Figures], metric: str) -> Summary:
    pairs = [(run[metric], other[metric]) for run, other in zip(runs, others, strict=True)]
    ours, theirs = zip(*pairs, strict=True)
    worse = sum(a > b for a, b in pairs) / len(pairs)
    return _written(relative(ours, theirs)) | {"worse": round(worse, 4)}


def _written(value: Interval) -> Summary:
    """Return an interval with six digits; `half` is None where there is none."""
    half = None if value.half != value.half else float(f"{value.half:.6g}")
    return {"mean": float(f"{value.mean:.6g}"), "half": half}
