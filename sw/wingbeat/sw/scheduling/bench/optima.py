"""Proved optima: those of the comparison are shipped, others are kept in the user's cache.

`python -m wingbeat.sw.scheduling.bench.optima` proves those of the comparison again (minutes).
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path

from wingbeat.sim.schedule.optimum import Optimum
from wingbeat.sim.soc.graph import Graph
from wingbeat.sw.cache import cache_folder

SECONDS = 300.0
"""Limit of the solver's time for one proof; those of the comparison take some seconds."""

_SHIPPED = "optima.json"


def digest(graph: Graph) -> str:
    """Return 16 hexadecimal digits of all that the optimum depends on."""
    facts = [graph.costs, graph.edges, graph.machine.bandwidth]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def optimum_of(graph: Graph) -> int | None:
    """Return the least makespan in ticks, or None if it is not proved within SECONDS."""
    key = digest(graph)
    known = shipped().get(key)
    if known is not None:
        return known
    kept = cache_folder() / "optima" / f"{key}.json"
    if kept.exists():
        value: int | None = json.loads(kept.read_text(encoding="ascii"))
        return value
    solution = Optimum(SECONDS).solve(graph)
    makespan = solution.schedule.makespan if solution.proved else None
    kept.parent.mkdir(parents=True, exist_ok=True)
    aside = kept.with_suffix(f".{os.getpid()}")
    aside.write_text(json.dumps(makespan), encoding="ascii")
    aside.replace(kept)
    return makespan


@cache
def shipped() -> dict[str, int]:
    """Return the optima that the package ships, by digest."""
    text = (files(__package__) / _SHIPPED).read_text(encoding="ascii")
    table: dict[str, int] = json.loads(text)
    return table


def _prove() -> None:
    from rich.progress import track

    from wingbeat.sw.scheduling.bench.offline import offline_cases

    table = {}
    for case in offline_cases(quick=False):
        for seed in track(range(case.count), case.name, transient=True):
            graph = case.graph(seed)
            solution = Optimum(SECONDS).solve(graph)
            if solution.proved:
                table[digest(graph)] = solution.schedule.makespan
    text = json.dumps(table, indent=0) + "\n"
    Path(str(files(__package__) / _SHIPPED)).write_text(text, encoding="ascii")


if __name__ == "__main__":
    _prove()
