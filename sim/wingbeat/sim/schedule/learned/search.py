"""The learned policy as a planner of single jobs: its schedule, improved by a short search.

A list scheduler decides once; where a job has the machine for itself and nothing is pressing, its
decisions can be tried again. Simulated annealing starts from the policy's schedule and from HEFT's
(so it is never worse than either), and moves tasks that are on the critical path: to another
element, or to another place in the order. All moves of a round are evaluated at once.
"""

from __future__ import annotations

import numpy as np

from wingbeat.sim.schedule.heft import Heft
from wingbeat.sim.schedule.learned.decode import Decoder, Integers
from wingbeat.sim.schedule.learned.graph_view import Floats
from wingbeat.sim.schedule.learned.network import Network
from wingbeat.sim.schedule.learned.parameters import shipped
from wingbeat.sim.schedule.learned.policy import Policy
from wingbeat.sim.schedule.protocol import offline
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.schedule import Schedule

_CHAINS, _MOVES = 4, 32
"""Schedules that are improved side by side, and moves of each that are tried in a round."""

_ROUNDS = 800

_WARMTH = 0.03
"""How much worse a schedule may get at first, as a share of the makespan."""

_CRITICAL = 0.7
"""Share of the moves that are drawn from the critical path; the others are of any task."""

_EXCHANGE = 60
"""Rounds after which the worst chain goes on from the best."""


class LearnedPlanner:
    """Plans a job by the policy that the package ships, or another, and a search.

    Parameters
    ----------
    network : of the policy
    rounds : of the search; 0: the better of the policy's schedule and HEFT's
    """

    def __init__(self, network: Network | None = None, rounds: int = _ROUNDS) -> None:
        self._network = network or shipped()
        self._rounds = rounds

    def plan(self, graph: Graph) -> Schedule:
        """Return a schedule of a job that has the machine for itself; the same each time."""
        known = [offline(graph, Policy(self._network)), Heft().plan(graph)]
        best = min(known, key=lambda schedule: schedule.makespan)
        if not self._rounds or len(graph) < 2:
            return best
        search = _Search(graph, known)
        for number in range(self._rounds):
            search.round(_WARMTH * (1 - number / self._rounds) ** 2)
        found = search.best()
        return found if found.makespan < best.makespan else best


class _Search:
    """Chains of schedules, each an order of the tasks and an element for each.

    Parameters
    ----------
    graph : the job
    known : schedules to start from, in turn
    """

    def __init__(self, graph: Graph, known: list[Schedule]) -> None:
        self._decoder = Decoder(graph)
        self._draw = np.random.default_rng(0)
        starts = [known[chain % len(known)] for chain in range(_CHAINS)]
        self._orders: Integers = np.stack([_order(schedule) for schedule in starts])
        self._elements: Integers = np.array([[slot.element for slot in s.slots] for s in starts])
        self._finishes = self._decoder.finishes(self._orders, self._elements)
        self._after = np.zeros((len(graph), len(graph)), bool)
        for task, row in enumerate(graph.successors):
            self._after[task, [successor for successor, _ in row]] = True
        self._before = self._after.T.copy()
        costs = self._decoder.costs
        least = costs.min(axis=1, keepdims=True)
        likely = np.exp((least - costs) / max(1.0, 0.5 * least.mean()))
        likely /= likely.sum(axis=1, keepdims=True)
        self._likely: Floats = np.asarray(np.cumsum(likely, axis=1), float)
        self._rounds = 0
        self._best: tuple[Integers, Integers] = (self._elements[0], self._finishes[0])
        self._keep_best()

    def best(self) -> Schedule:
        """Return the best schedule that was met."""
        return self._decoder.schedule(*self._best)

    def round(self, warmth: float) -> None:
        """Try moves of each chain, and go on from the best of each chain's, unless it is cold."""
        draw = self._draw
        chains = np.repeat(np.arange(_CHAINS), _MOVES)
        orders, elements = self._orders[chains], self._elements[chains]
        critical = [
            self._decoder.critical(*chain)
            for chain in zip(self._orders, self._elements, self._finishes, strict=True)
        ]
        for _ in range(draw.integers(1, 3)):
            tasks = draw.integers(orders.shape[1], size=len(orders))
            drawn = np.concatenate([draw.choice(chain, _MOVES) for chain in critical])
            tasks = np.where(draw.random(len(tasks)) < _CRITICAL, drawn, tasks)
            orders = self._move(orders, elements, tasks)
        finishes = self._decoder.finishes(orders, elements)
        spans = finishes.max(axis=1).reshape(_CHAINS, _MOVES)
        chosen = (spans + draw.random(spans.shape) * 0.5).argmin(axis=1)
        chosen += np.arange(_CHAINS) * _MOVES
        now, then = self._finishes.max(axis=1), spans.min(axis=1)
        worse = np.maximum(0, then - now) / (warmth * now + 1e-3)
        taken = draw.random(_CHAINS) < np.exp(-worse)
        self._orders[taken] = orders[chosen[taken]]
        self._elements[taken] = elements[chosen[taken]]
        self._finishes[taken] = finishes[chosen[taken]]
        self._keep_best()
        self._rounds += 1
        if self._rounds % _EXCHANGE == 0:
            spans = self._finishes.max(axis=1)
            worst, best = int(spans.argmax()), int(spans.argmin())
            parts: tuple[Integers, ...] = (self._orders, self._elements, self._finishes)
            for part in parts:
                part[worst] = part[best]

    def _move(self, orders: Integers, elements: Integers, tasks: Integers) -> Integers:
        """Move one task of each schedule, its element in place; return the new orders."""
        draw = self._draw
        many, count = orders.shape
        rows = np.arange(many)
        elsewhere = draw.random(many) < 0.6
        likely = self._likely[tasks] < draw.random((many, 1))
        drawn = np.minimum(likely.sum(axis=1), likely.shape[1] - 1)
        elements[rows[elsewhere], tasks[elsewhere]] = drawn[elsewhere]
        places = np.empty_like(orders)
        np.put_along_axis(places, orders, np.arange(count)[None], axis=1)
        source = places[rows, tasks]
        lowest = np.where(self._before[tasks], places, -1).max(axis=1) + 1
        highest = np.where(self._after[tasks], places, count).min(axis=1) - 1
        target = lowest + (draw.random(many) * (highest - lowest + 1)).astype(np.int64)
        stays = elsewhere & (draw.random(many) < 0.4)
        return _moved(orders, source, np.where(stays, source, target))

    def _keep_best(self) -> None:
        spans = self._finishes.max(axis=1)
        place = int(spans.argmin())
        if self._rounds == 0 or int(spans[place]) < int(self._best[1].max()):
            self._best = self._elements[place].copy(), self._finishes[place].copy()


def _moved(orders: Integers, source: Integers, target: Integers) -> Integers:
    """Return orders in each of which the task at one place has gone to another."""
    place = np.arange(orders.shape[1])[None]
    one, other = source[:, None], target[:, None]
    later = (place >= one) & (place < other)
    earlier = (place > other) & (place <= one)
    taken = np.where(place == other, one, place + later - earlier)
    return np.take_along_axis(orders, taken, axis=1)


def _order(schedule: Schedule) -> Integers:
    """Return the tasks by start, each after its predecessors."""
    rank = {task: place for place, task in enumerate(schedule.graph.order)}
    slots = schedule.slots
    return np.array(
        sorted(rank, key=lambda task: (slots[task].start, slots[task].finish, rank[task]))
    )
