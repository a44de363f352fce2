"""A bound on the mean latency of a window's jobs, with all arrivals and durations known.

CP-SAT minimises it, as in `optimum`. Elements of a class are one resource of their number, and data
travel within a class in no time: what is found may be better than any schedule, and the bound holds
all the same. Two families of cuts help: no job is faster than it could be alone, and consecutive
jobs need the work of all of them done, whatever their order.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.etf_late import EtfLate
from wingbeat.sim.schedule.load import work
from wingbeat.sim.schedule.protocol import Scheduler
from wingbeat.sim.schedule.srpt import Srpt
from wingbeat.sim.schedule.window import Window
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph
from wingbeat.sim.soc.schedule import Schedule

_SCALE = 16
"""Parts of a tick in which work is counted, rounded down: the solver wants whole numbers."""


@dataclass(frozen=True)
class Bounds:
    """What a scheduler that knows the future could reach; mean latencies in ticks.

    Attributes
    ----------
    lower : no schedule is below it
    found : of the best solution that is known: the solver's, late ETF's or SRPT's
    """

    lower: float
    found: float


class Clairvoyant:
    """Solves for the least mean latency.

    Parameters
    ----------
    seconds : limit of the solver's time
    workers : its threads
    seed : of its search
    """

    def __init__(self, seconds: float = 60.0, workers: int = 1, seed: int = 0) -> None:
        self._seconds = seconds
        self._workers = workers
        self._seed = seed

    def solve(self, window: Window) -> Bounds:
        """Return a lower bound, and what a solution reaches.

        Raises
        ------
        ScheduleError
            If ortools is not installed.
        """
        try:
            from ortools.sat.python import cp_model
        except ImportError:
            raise ScheduleError(
                "the bound needs ortools, which `pip install wingbeat[schedule]` installs"
            ) from None
        alone = {graph: 0 for _, graph in window.jobs}
        if len(window.jobs) > 1:
            for graph in alone:
                alone[graph] = math.ceil(self.solve(Window(window.machine, ((0, graph),))).lower)
        heuristics: tuple[Scheduler, ...] = (EtfLate(), Srpt())
        known = min(map(window.run, heuristics), key=window.latency)
        model = _Model(cp_model.CpModel(), window, alone, known)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = self._seconds
        solver.parameters.num_workers = self._workers
        solver.parameters.random_seed = self._seed
        status = solver.solve(model.model)
        count = len(window.jobs)
        lower = max(0.0, solver.best_objective_bound / count)
        found = window.latency(known)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            found = min(found, solver.objective_value / count)
        return Bounds(lower, found)


class _Model:
    """The constraints: like those of `optimum`, with classes for elements."""

    def __init__(
        self, model: Any, window: Window, alone: dict[Graph, int], known: list[Schedule]
    ) -> None:
        self.model = model
        self._classes = window.machine.classes
        self._member = {name: self._classes.index(name) for name in self._classes}
        self._intervals: dict[str, list[Any]] = {name: [] for name in self._member}
        arrivals = [arrival for arrival, _ in window.jobs]
        # the best solution has no job that ends later than all latencies that are known together
        self._horizon = sum(one.makespan for one in known) + max(arrivals)
        ends = [
            self._job(graph, arrival, schedule)
            for (arrival, graph), schedule in zip(window.jobs, known, strict=True)
        ]
        sizes = Counter(self._classes)
        for name, intervals in self._intervals.items():
            if sizes[name] == 1:
                model.add_no_overlap(intervals)
            elif intervals:
                model.add_cumulative(intervals, [1] * len(intervals), sizes[name])
        for (arrival, graph), end in zip(window.jobs, ends, strict=True):
            model.add(end >= arrival + alone[graph])
        works = [int(_SCALE * ticks) for ticks in work([graph for _, graph in window.jobs])]
        for first, last in combinations(range(len(ends) + 1), 2):
            some = works[first:last]
            least = (sum(some) ** 2 + sum(each**2 for each in some)) // 2
            model.add(
                sum(
                    _SCALE * each * (end - arrivals[first])
                    for each, end in zip(some, ends[first:last], strict=True)
                )
                >= least
            )
        model.minimize(sum(ends) - sum(arrivals))

    def _job(self, graph: Graph, arrival: int, known: Schedule) -> Any:
        """Add a job's tasks, and how they are scheduled as a hint; return its end."""
        starts, ends, on = [], [], []
        for row, slot in zip(graph.costs, known.slots, strict=True):
            start = self.model.new_int_var(arrival, self._horizon, "")
            end = self.model.new_int_var(arrival, self._horizon, "")
            choices = {}
            for name, member in self._member.items():
                if row[member] < UNSUPPORTED:
                    chosen = choices[name] = self.model.new_bool_var("")
                    self._intervals[name].append(
                        self.model.new_optional_interval_var(start, row[member], end, chosen, "")
                    )
                    self.model.add_hint(chosen, name == self._classes[slot.element])
            self.model.add_exactly_one(choices.values())
            self.model.add_hint(start, slot.start)
            self.model.add_hint(end, slot.finish)
            starts.append(start)
            ends.append(end)
            on.append(choices)
        for after, predecessors in enumerate(graph.predecessors):
            for before, transfer in predecessors:
                self.model.add(starts[after] >= ends[before])
                for one, here in on[before].items():
                    for other, there in on[after].items():
                        ticks = transfer[self._member[one]][self._member[other]]
                        if one != other and ticks:
                            self.model.add(starts[after] >= ends[before] + ticks).only_enforce_if(
                                here, there
                            )
        last = self.model.new_int_var(arrival, self._horizon, "")
        self.model.add_max_equality(last, ends)
        self.model.add_hint(last, known.makespan)
        return last
