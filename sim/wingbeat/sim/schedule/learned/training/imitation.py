"""Warm start: the policy learns to do what a teacher does.

Teachers are the exact optimum, of small jobs that have a machine for themselves, and the best of
the heuristics that may wait, of streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import numpy as np
import torch

from wingbeat.sim.schedule.etf_late import EtfLate
from wingbeat.sim.schedule.learned.graph_view import Floats
from wingbeat.sim.schedule.learned.network import Network
from wingbeat.sim.schedule.learned.training.environment import SchedulingEnvironment
from wingbeat.sim.schedule.learned.training.episode import Episode, single_episode
from wingbeat.sim.schedule.learned.training.scenarios import STREAMS, small_graph
from wingbeat.sim.schedule.learned.training.torch_network import Sample, TorchNetwork, batch
from wingbeat.sim.schedule.optimum import Optimum
from wingbeat.sim.schedule.protocol import Placement
from wingbeat.sim.soc.schedule import Schedule
from wingbeat.sim.soc.state import NONE, State

Teacher = Callable[[State], Placement | None]
"""Returns what to place next, or None to wait."""

_BATCH = 128
_RATE = 3e-3
_SECONDS = 2.0
"""Limit of the solver's time for one job; what it has by then is imitated."""


def heuristic(state: State) -> Placement | None:
    """Return the next placement of late ETF."""
    return next(iter(EtfLate().decide(state)), None)


def follower(schedule: Schedule) -> Teacher:
    """Return a teacher that knows where each task of the only job belongs, and when."""
    orders: dict[int, list[int]] = {}
    for task, slot in sorted(enumerate(schedule.slots), key=lambda pair: pair[1].start):
        orders.setdefault(slot.element, []).append(task)

    def teacher(state: State) -> Placement | None:
        for element, order in orders.items():
            following = next((task for task in order if state.element[task] == NONE), None)
            if following in state.ready and _idle(state, element):
                return following, element
        return None

    return teacher


def _idle(state: State, number: int) -> bool:
    element = state.elements[number]
    return element.running == NONE and not element.queue


def demonstrations(seed: int, network: Network, *, streams: int, jobs: int) -> Iterator[Sample]:
    """Yield what teachers do, in the moments in which there is something to choose.

    Parameters
    ----------
    seed : determines the episodes
    network : any; its embeddings are not part of the samples
    streams, jobs : how many episodes of each kind of stream, and how many single jobs
    """
    draw = Random(f"imitation {seed}")
    for _ in range(streams):
        for make in STREAMS.values():
            yield from _record(make(draw), heuristic, network, limit=150)
    for _ in range(jobs):
        graph = small_graph(draw)
        teacher = follower(Optimum(_SECONDS).plan(graph))
        yield from _record(single_episode(graph), teacher, network, limit=len(graph))


def _record(episode: Episode, teacher: Teacher, network: Network, limit: int) -> Iterator[Sample]:
    elements = len(episode.graphs[0].machine.names)
    environment = SchedulingEnvironment(lambda _: episode, network, tasks=512, elements=elements)
    environment.reset(seed=0)
    while environment.choice is not None and limit:
        choice, state = environment.choice, environment.emulator.state
        placement = teacher(state)
        tasks, columns = len(choice.tasks), len(choice.elements)
        action, wanted = 512 * elements, tasks * columns
        if placement is not None:
            row = choice.tasks.index(placement[0])
            column = choice.elements.index(placement[1])
            action, wanted = row * elements + column, row * columns + column
        if choice.supported.sum() + (not choice.must) > 1:
            yield _sample(environment, wanted)
            limit -= 1
        environment.step(np.int64(action))


def _sample(environment: SchedulingEnvironment, action: int) -> Sample:
    choice, state = environment.choice, environment.emulator.state
    assert choice is not None
    waiting = []
    for job in state.live:
        run = state.jobs[job]
        placed = np.array(state.element[run.first : run.first + len(run.graph)])
        waiting.append((run.graph, np.nonzero(placed == NONE)[0]))
    jobs = [state.job[task] for task in choice.tasks]
    return Sample(
        choice.seen,
        [state.jobs[job].graph for job in jobs],
        [state.index[task] for task in choice.tasks],
        [state.live.index(job) for job in jobs],
        waiting,
        choice.supported,
        choice.must,
        action,
    )


def imitate(
    parameters: dict[str, Floats],
    samples: list[Sample],
    *,
    seed: int,
    rounds: int,
    report: Callable[[int, float, float], None],
) -> dict[str, Floats]:
    """Return parameters that make the teachers' choices likely.

    Parameters
    ----------
    parameters : to start from
    samples : of the teachers
    seed : of the order of the samples
    rounds : how often each sample is seen
    report : called after each round with its number, the mean loss, and the share of choices
        that are the teachers'
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = TorchNetwork(parameters).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
    order = np.random.default_rng(seed)
    groups = [samples[first : first + _BATCH] for first in range(0, len(samples), _BATCH)]
    batches = [batch(group, device) for group in groups]
    for number in range(1, rounds + 1):
        losses, hits = [], 0
        for place in order.permutation(len(batches)):
            chosen = batches[place]
            logs = network(chosen)
            loss = torch.nn.functional.nll_loss(logs, chosen.target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
            hits += int((logs.argmax(dim=1) == chosen.target).sum())
        report(number, float(np.mean(losses)), hits / len(samples))
    learned: dict[str, Floats] = network.parameters_as_arrays()
    return learned
