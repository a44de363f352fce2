"""The whole comparison: its parts, and what is measured in each."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any

from wingbeat.hw.errors import RequestError
from wingbeat.sim.schedule.catalogue import PLANNERS, SCHEDULERS, scheduler
from wingbeat.sw.scheduling.bench.case import Case
from wingbeat.sw.scheduling.bench.decisions import decision_cases
from wingbeat.sw.scheduling.bench.measure import Report, measure
from wingbeat.sw.scheduling.bench.offline import offline_cases, related_cases
from wingbeat.sw.scheduling.bench.streams import stream_cases
from wingbeat.sw.scheduling.bench.summary import summarise
from wingbeat.sw.scheduling.bench.unseen import unseen_cases
from wingbeat.sw.scheduling.bench.windows import window_cases

PARTS = ("streams", "offline", "related", "unseen", "windows", "decisions")
"""Of the comparison, in the order in which they are measured."""

COMPARED = tuple(sorted((SCHEDULERS | PLANNERS).keys() - {"optimum"}))
"""All schedulers; the optimum is what single jobs are compared with."""


def cases_of(part: str, *, quick: bool, seeds: int) -> Sequence[Case]:
    """Return the cases of a part; RequestError lists the parts there are."""
    match part:
        case "streams":
            return stream_cases(quick, seeds)
        case "offline":
            return offline_cases(quick)
        case "related":
            return related_cases(quick)
        case "unseen":
            return unseen_cases(quick, seeds)
        case "windows":
            return window_cases(quick)
        case "decisions":
            return decision_cases(quick)
    raise RequestError(f"part must be one of {', '.join(PARTS)}, not `{part}`")


def compare(
    parts: Sequence[str],
    schedulers: Sequence[str],
    *,
    quick: bool,
    seeds: int,
    processes: int,
    report: Report,
) -> dict[str, Any]:
    """Return the comparison as it is written as JSON.

    Parameters
    ----------
    parts, schedulers : names
    quick : a minute instead of many, with cases that are fewer and smaller
    seeds : runs of each stream
    processes : how many work at a time; decisions are timed by one, after all else
    report : told of each run that is done
    """
    for name in schedulers:
        scheduler(name)
    cases = {part: cases_of(part, quick=quick, seeds=seeds) for part in parts}
    result: dict[str, Any] = {
        "python": platform.python_version(),
        "quick": quick,
        "seeds": seeds,
        "parts": {},
    }
    for part, chosen in cases.items():
        workers = 1 if part == "decisions" else processes
        measured = measure(chosen, schedulers, workers, report)
        result["parts"][part] = [summarise(case, measured[case.name]) for case in chosen]
    return result
