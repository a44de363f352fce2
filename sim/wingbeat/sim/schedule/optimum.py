"""The optimum by constraint programming, with the bound that proves it.

Google's CP-SAT solves it: one optional interval per task and element, no two of them at once on an
element, and each transfer between the two elements that are chosen. Needs the extra `schedule`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.heft import Heft
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule, Slot


@dataclass(frozen=True)
class Solution:
    """What the solver found in its time.

    Attributes
    ----------
    schedule : the best that it found, never worse than HEFT's
    bound : no schedule has a smaller makespan
    """

    schedule: Schedule
    bound: int

    @property
    def proved(self) -> bool:
        """Whether the schedule is an optimum."""
        return self.schedule.makespan <= self.bound


class Optimum:
    """Solves for the least makespan.

    Parameters
    ----------
    seconds : limit of the solver's time
    workers : its threads; one makes its result the same each time, if the time suffices
    seed : of its search
    """

    def __init__(self, seconds: float = 60.0, workers: int = 1, seed: int = 0) -> None:
        self._seconds = seconds
        self._workers = workers
        self._seed = seed

    def plan(self, graph: Graph) -> Schedule:
        """Return the best schedule that is found."""
        return self.solve(graph).schedule

    def solve(self, graph: Graph) -> Solution:
        """Return the best schedule that is found, and its bound.

        Raises
        ------
        ScheduleError
            If ortools is not installed.
        """
        try:
            from ortools.sat.python import cp_model
        except ImportError:
            raise ScheduleError(
                "the optimum needs ortools, which `pip install wingbeat[schedule]` installs"
            ) from None
        known = Heft().plan(graph)
        model = cp_model.CpModel()
        variables = _Variables(model, graph, known)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = self._seconds
        solver.parameters.num_workers = self._workers
        solver.parameters.random_seed = self._seed
        status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Solution(known, max(0, round(solver.best_objective_bound)))
        return Solution(variables.schedule(solver), round(solver.best_objective_bound))


class _Variables:
    """The model's variables: starts, ends, and which element executes each task.

    The known schedule bounds the makespan, and is not given as a hint: with one, ortools 9.15 calls
    schedules optimal that are not (144 ticks for the job of the test, which has one of 141).
    """

    def __init__(self, model: Any, graph: Graph, known: Schedule) -> None:
        self._graph = graph
        horizon = known.makespan
        self._start = [model.new_int_var(0, horizon, "") for _ in graph.names]
        self._on: list[dict[int, Any]] = []
        intervals: list[list[Any]] = [[] for _ in graph.machine.elements]
        ends = []
        for task, supported in enumerate(graph.supported):
            choices = {element: model.new_bool_var("") for element in supported}
            model.add_exactly_one(choices.values())
            end = model.new_int_var(0, horizon, "")
            for element, chosen in choices.items():
                interval = model.new_optional_interval_var(
                    self._start[task], graph.costs[task][element], end, chosen, ""
                )
                intervals[element].append(interval)
            self._on.append(choices)
            ends.append(end)
        for row in intervals:
            model.add_no_overlap(row)
        for after, predecessors in enumerate(graph.predecessors):
            for before, transfer in predecessors:
                model.add(self._start[after] >= ends[before])
                for one, here in self._on[before].items():
                    for other, there in self._on[after].items():
                        if transfer[one][other]:
                            model.add(
                                self._start[after] >= ends[before] + transfer[one][other]
                            ).only_enforce_if(here, there)
        makespan = model.new_int_var(0, horizon, "")
        model.add_max_equality(makespan, ends)
        model.minimize(makespan)

    def schedule(self, solver: Any) -> Schedule:
        """Return the schedule that the solver found."""
        slots = []
        for task, choices in enumerate(self._on):
            element = next(e for e, chosen in choices.items() if solver.boolean_value(chosen))
            start = solver.value(self._start[task])
            slots.append(Slot(element, start, start + self._graph.costs[task][element]))
        return Schedule(self._graph, tuple(slots))
