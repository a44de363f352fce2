"""All runs of a comparison, in as many processes as there are cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

from wingbeat.sw.scheduling.bench.case import Case, Figures

Measured = dict[str, list[Figures]]
"""Figures of a case by scheduler, by seed."""

Report = Callable[[str, float], None]
"""Called with what has been done and its share of everything, 0 to 1."""


@dataclass(frozen=True)
class _Run:
    """A scheduler on a case under a seed."""

    case: Case
    scheduler: str
    seed: int

    def figures(self) -> Figures:
        return self.case.measure(self.scheduler, self.seed)


def measure(
    cases: Sequence[Case], schedulers: Sequence[str], processes: int, report: Report
) -> dict[str, Measured]:
    """Return the figures of all schedulers on all cases, by name.

    Parameters
    ----------
    cases : with different names
    schedulers : names
    processes : how many work at a time; with one, it is this one
    report : told of each run that is done
    """
    runs = [
        _Run(case, scheduler, seed)
        for case in cases
        for seed in range(case.count)
        for scheduler in schedulers
    ]
    results: dict[_Run, Figures] = {}
    for done, (run, figures) in enumerate(_results(runs, processes), 1):
        results[run] = figures
        report(f"{run.case.name}, {run.scheduler}", done / len(runs))
    return {
        case.name: {
            scheduler: [results[_Run(case, scheduler, seed)] for seed in range(case.count)]
            for scheduler in schedulers
        }
        for case in cases
    }


def _results(runs: Iterable[_Run], processes: int) -> Iterator[tuple[_Run, Figures]]:
    """Yield runs and their figures as they are done."""
    if processes == 1:
        for run in runs:
            yield run, run.figures()
        return
    # spawned: a fork of a process that has threads (solver, PyTorch) may hang
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures: dict[Future[Figures], _Run] = {pool.submit(run.figures): run for run in runs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
