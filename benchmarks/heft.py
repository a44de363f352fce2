"""HEFT beside that of anrg-saga, on the same random graphs: how long it takes, and how good it is.

Elements are related, as saga's are. Each graph is scheduled by both; time is that of the process,
of ours with and without binding the graph to its machine.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from statistics import geometric_mean, median
from typing import Any, TypeVar

import saga
from rich.console import Console
from rich.progress import track
from saga.schedulers import HbmctScheduler, HeftScheduler

from wingbeat.sim.schedule.hbmct import Hbmct
from wingbeat.sim.schedule.heft import Heft
from wingbeat.sim.soc.families import FAMILIES
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.machine import Machine
from wingbeat.sim.soc.schedule import check

SCALE = 1000
"""Ticks in a unit of saga's time, so that whole ticks make no difference."""


_Result = TypeVar("_Result")


class Case:
    """A graph, in saga's form and in what ours is made from."""

    def __init__(self, family: str, tasks: int, elements: int, seed: int) -> None:
        draw = Random(seed)
        shape = FAMILIES[family](draw, tasks)
        self._speeds = [draw.uniform(0.5, 2.0) for _ in range(elements)]
        rates = {(a, b): draw.uniform(0.5, 2.0) for a in range(elements) for b in range(a)}
        self._rates = [
            [1e9 if a == b else rates[max(a, b), min(a, b)] for b in range(elements)]
            for a in range(elements)
        ]
        self._work = [draw.uniform(50, 500) for _ in range(tasks)]
        self._edges = [(a, b, draw.uniform(50, 500)) for a, b in shape.edges]

    def ours(self) -> Graph:
        """Return the graph bound to its machine."""
        names = [f"P{number}" for number in range(len(self._speeds))]
        rates = [[rate / SCALE for rate in row] for row in self._rates]
        return Graph(
            Machine(names, names, rates),
            [f"t{number}" for number in range(len(self._work))],
            [[round(SCALE * work / speed) for speed in self._speeds] for work in self._work],
            self._edges,
        )

    def theirs(self) -> tuple[Any, Any]:
        """Return saga's network and task graph."""
        count = range(len(self._speeds))
        network = saga.Network.create(
            nodes=[(f"P{number}", self._speeds[number]) for number in count],
            edges=[(f"P{a}", f"P{b}", self._rates[a][b]) for a in count for b in range(a + 1)],
        )
        graph = saga.TaskGraph.create(
            tasks=[(f"t{number}", work) for number, work in enumerate(self._work)],
            dependencies=[(f"t{a}", f"t{b}", volume) for a, b, volume in self._edges],
        )
        return network, graph


def timed(work: Callable[[], _Result]) -> tuple[_Result, float]:
    """Return a result and the milliseconds that it took."""
    begin = time.process_time()
    result = work()
    return result, 1000 * (time.process_time() - begin)


def compare(family: str, tasks: int, elements: int, graphs: int) -> dict[str, float]:
    """Return medians of milliseconds, and geometric means of makespans over saga's HEFT."""
    rows = []
    for seed in track(
        range(graphs),
        f"{family}, {tasks} tasks",
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ):
        case = Case(family, tasks, elements, seed)
        network, task_graph = case.theirs()
        graph, bind = timed(case.ours)
        heft, heft_time = timed(partial(Heft().plan, graph))
        hbmct = Hbmct().plan(graph)
        check([heft])
        check([hbmct])
        peer, peer_time = timed(partial(HeftScheduler().schedule, network, task_graph))
        other = HbmctScheduler().schedule(network, task_graph)
        unit = SCALE * peer.makespan
        rows.append(
            (heft_time, heft_time + bind, peer_time, heft.makespan / unit, hbmct.makespan / unit,
             other.makespan / peer.makespan)
        )  # fmt: skip
    ours, bound, theirs, heft_ratio, hbmct_ratio, peer_hbmct = zip(*rows, strict=True)
    return {
        "ours_ms": round(median(ours), 3),
        "ours_with_binding_ms": round(median(bound), 3),
        "saga_ms": round(median(theirs), 2),
        "times_faster": round(median(theirs) / median(ours), 1),
        "heft_makespan_ratio": round(geometric_mean(heft_ratio), 4),
        "hbmct_makespan_ratio": round(geometric_mean(hbmct_ratio), 4),
        "saga_hbmct_makespan_ratio": round(geometric_mean(peer_hbmct), 4),
    }


def main() -> None:
    """Compare, print the figures, and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument("--graphs", type=int, default=10, help="graphs per family and size")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # saga says that it adds sources and sinks
    figures = {
        "python": platform.python_version(),
        "elements": 8,
        "graphs": arguments.graphs,
        "cases": {
            f"{family}, {tasks} tasks": compare(family, tasks, 8, arguments.graphs)
            for family in ("layered", "tree", "chains")
            for tasks in (30, 100)
        },
    }
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
