"""Where episodes run: in this process, in several, or on a Ray cluster."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Protocol, Self

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.learned.training.gradient import Task, difference


class Workers(Protocol):
    """Runs pairs of policies; a context manager that lets go of what it holds."""

    def differences(self, tasks: Sequence[Task]) -> list[list[float]]:
        """Return what `difference` returns for each task."""

    def __enter__(self) -> Self:
        """Get ready."""

    def __exit__(self, *error: object) -> None:
        """End what was started."""


class Processes:
    """Processes of this machine.

    Parameters
    ----------
    count : of processes; one is this process itself
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self._count > 1:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._count, mp_context=context)
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def differences(self, tasks: Sequence[Task]) -> list[list[float]]:
        """Return what `difference` returns for each task."""
        return list((map if self._pool is None else self._pool.map)(difference, tasks))


class Ray:
    """A Ray cluster: the one that `RAY_ADDRESS` names, or one on this machine.

    Raises
    ------
    ScheduleError
        If ray is not installed.
    """

    def __init__(self) -> None:
        try:
            import ray
        except ImportError:
            raise ScheduleError(
                "`--ray` needs ray, which `pip install wingbeat[ray]` installs"
            ) from None
        self._ray: Any = ray

    def __enter__(self) -> Self:
        self._ray.init(log_to_driver=False)
        self._remote = self._ray.remote(difference)
        return self

    def __exit__(self, *error: object) -> None:
        self._ray.shutdown()

    def differences(self, tasks: Sequence[Task]) -> list[list[float]]:
        """Return what `difference` returns for each task."""
        values: list[list[float]] = self._ray.get([self._remote.remote(task) for task in tasks])
        return values
