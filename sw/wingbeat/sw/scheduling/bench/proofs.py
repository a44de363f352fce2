"""What solvers proved: for the comparison it is shipped, for all else kept in the user's cache.

`python -m wingbeat.sw.scheduling.bench.proofs` proves what is missing of the comparison.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from wingbeat.sim.soc.graph import Graph
from wingbeat.sw.cache import cache_folder

_SHIPPED = "proofs.json"


def graph_facts(graph: Graph) -> list[Any]:
    """Return all of a graph that a proof depends on, as what JSON can hold."""
    return [graph.costs, graph.edges, graph.machine.bandwidth]


def _key_of(facts: Any) -> str:
    """Return 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def proved(facts: Any, solve: Callable[[], Any]) -> tuple[str, Any]:
    """Return a problem's key and what is proved of it; it is solved unless it is shipped or kept.

    Parameters
    ----------
    facts : all that it depends on, as what JSON can hold
    solve : returns what JSON can hold
    """
    key = _key_of(facts)
    if key in shipped():
        return key, shipped()[key]
    file = cache_folder() / "proofs" / f"{key}.json"
    if file.exists():
        return key, json.loads(file.read_text(encoding="ascii"))
    value = solve()
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(f".{os.getpid()}")
    aside.write_text(json.dumps(value), encoding="ascii")
    aside.replace(file)
    return key, value


@cache
def shipped() -> dict[str, Any]:
    """Return the proofs that the package ships, by key."""
    text = (files(__package__) / _SHIPPED).read_text(encoding="ascii")
    table: dict[str, Any] = json.loads(text)
    return table


def _prove() -> None:
    from rich.progress import track

    from wingbeat.sw.scheduling.bench.offline import OfflineCase, offline_cases
    from wingbeat.sw.scheduling.bench.windows import WindowCase, window_cases

    cases: list[OfflineCase | WindowCase] = [
        *offline_cases(quick=False),
        *window_cases(quick=False),
    ]
    runs = [(case, seed) for case in cases for seed in range(case.count)]
    table = dict(case.proof(seed) for case, seed in track(runs, "proofs", transient=True))
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in table.items())
    Path(str(files(__package__) / _SHIPPED)).write_text(f"{{\n{lines}\n}}\n", encoding="ascii")


if __name__ == "__main__":
    _prove()
