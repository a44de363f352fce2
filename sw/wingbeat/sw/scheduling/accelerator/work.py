"""Requests as jobs on a platform of an accelerator's units and its host's cores.

Two grains. By `start`, a task is one start of the program, on an element that is the whole device:
what a host can order today, since several requests live in one device by their slots. By `group`, a
task is a group of instructions on its unit, as `groups` finds them: what units could do if each
request had a sequencer and scratchpads of its own. Either way a token is sampled on the host before
the next start begins. A tick is a cycle of the accelerator's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from wingbeat.compiler.image import Image
from wingbeat.hw.cost import loading
from wingbeat.hw.estimate import estimate
from wingbeat.hw.isa.instructions import Unit
from wingbeat.sim.soc.job import Edge, Job, Task
from wingbeat.sim.soc.platform import Platform
from wingbeat.sw.scheduling.accelerator.groups import groups_of
from wingbeat.sw.scheduling.accelerator.request import Request, Start, starts_of

Grain = Literal["start", "group"]

DEVICE, HOST = "device", "host"
"""Classes of elements beside those of units, which have the units' names."""

HOST_MICROSECONDS = 100
"""Of a host's core for a prompt's tokens, and for a token: finding 40 candidates among 49,152
logits and choosing one of them took 105 us on one core of a server.
"""

_UNITS = (Unit.LD, Unit.ST, Unit.MPE, Unit.MISC)


def platform_of(image: Image, grain: Grain, cores: int = 2) -> Platform:
    """Return the platform: one accelerator, whole or as units, and the cores of its host.

    Transfers take as many ticks as they have volume: edges carry the cycles until a unit's results
    are visible to others.
    """
    units = {DEVICE: 1} if grain == "start" else {unit.name: 1 for unit in _UNITS}
    return Platform(
        name=f"{image.manifest.board}_{grain}",
        title=f"{image.manifest.board}, {'whole' if grain == 'start' else 'unit by unit'}",
        source="costs of wingbeat's cycle model",
        unit="cycles",
        elements=units | {HOST: cores},
        costs={},
        bandwidth=1,
    )


def job_of(request: Request, image: Image, grain: Grain) -> Job:
    """Return a request as a job; RequestError if it does not fit the context."""
    work = _Work(request, image)
    for number, start in enumerate(
        starts_of(request, image.manifest.program.chunk, image.manifest.program.context)
    ):
        if grain == "start":
            work.whole(f"start {number}", start)
        else:
            work.groups(f"start {number}", start)
        if start.generate:
            work.host(f"sample {number}")
    return Job(name=request.name, tasks=tuple(work.tasks), edges=tuple(work.edges))


def together(jobs: Sequence[Job]) -> Job:
    """Return all jobs as one, with nothing between them."""

    def named(job: Job, name: str) -> str:
        return f"{job.name} {name}"

    return Job(
        name="requests",
        tasks=tuple(
            task.model_copy(update={"name": named(job, task.name)})
            for job in jobs
            for task in job.tasks
        ),
        edges=tuple(
            Edge(source=named(job, e.source), target=named(job, e.target), volume=e.volume)
            for job in jobs
            for e in job.edges
        ),
    )


class _Work:
    """A request's tasks so far; each start, and each step of the host, waits for the last."""

    def __init__(self, request: Request, image: Image) -> None:
        self.tasks: list[Task] = []
        self.edges: list[Edge] = []
        self._image = image
        self._program = image.manifest.program
        self._config = image.manifest.config
        self._before: list[str] = []
        self._clock = image.manifest.config.clock_mhz
        self.host("tokenise")

    def host(self, name: str) -> None:
        """Add a step of the host."""
        self._task(name, HOST, round(HOST_MICROSECONDS * self._clock))
        self._follow(name)
        self._before = [name]

    def whole(self, name: str, start: Start) -> None:
        """Add a start as one task."""
        cost = estimate(
            self._image.program, start.arguments(0), self._config, self._program.purposes
        )
        self._task(name, DEVICE, cost.cycles)
        self._follow(name)
        self._before = [name]

    def groups(self, name: str, start: Start) -> None:
        """Add a start as its groups, behind the loading of the program."""
        groups = groups_of(
            self._image.program, start.arguments(0), self._config, self._program.purposes
        )
        load = f"{name} program"
        self._task(load, Unit.LD.name, loading(len(self._image.program.instructions), self._config))
        self._follow(load)
        names = [f"{name} {number} {group.purpose}" for number, group in enumerate(groups)]
        waited = {before for group in groups for before in group.after}
        for each, group in zip(names, groups, strict=True):
            self._task(each, group.unit.name, group.cycles)
            for before, latency in group.after.items():
                self.edges.append(Edge(source=names[before], target=each, volume=latency))
            if not group.after:
                self.edges.append(Edge(source=load, target=each))
        self._before = [each for number, each in enumerate(names) if number not in waited]

    def _task(self, name: str, kind: str, cost: int) -> None:
        self.tasks.append(Task(name=name, costs={kind: cost}))

    def _follow(self, name: str) -> None:
        """Let a task wait for what was before."""
        self.edges.extend(Edge(source=before, target=name) for before in self._before)
