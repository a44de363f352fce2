"""Who waits, who has a slot, and whose turn it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from wingbeat.sw.serving.job import Job


class Roster:
    """First come, first served with slots; who has one takes turns with the others.

    A newcomer's first turn is the next one: it waits for one turn of somebody else, and for the
    newcomers before it.

    Parameters
    ----------
    slots : of the image
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.waiting: deque[Job] = deque()
        self.running: deque[Job] = deque()
        # the one that was given back first comes first
        self._free = list(range(slots))

    def __iter__(self) -> Iterator[Job]:
        yield from self.running
        yield from self.waiting

    def admit(self, reusable: Callable[[int, Job], int]) -> list[Job]:
        """Give free slots to those who wait longest, and return these jobs.

        Of the free slots, a job gets that whose caches hold most of its prompt; of equals, the
        one that has lain idle longest, whose text is least likely to go on.

        Parameters
        ----------
        reusable : tokens of a job's prompt that a slot's caches hold
        """
        admitted: list[Job] = []
        while self.waiting and self._free:
            job = self.waiting.popleft()
            held = {slot: reusable(slot, job) for slot in self._free}
            job.slot = max(self._free, key=lambda slot: held[slot])
            job.cached = held[job.slot]
            self._free.remove(job.slot)
            admitted.append(job)
        self.running.extendleft(reversed(admitted))
        return admitted

    def turn(self) -> Job | None:
        """Return whose turn it is; the next call returns the one after it."""
        if not self.running:
            return None
        job = self.running[0]
        self.running.rotate(-1)
        return job

    def leave(self, job: Job) -> bool:
        """Take a job off the roster, and its slot back; return whether it was there."""
        jobs = self.waiting if job.slot is None else self.running
        if job not in jobs:
            return False
        jobs.remove(job)
        if job.slot is not None:
            self._free.append(job.slot)
        return True
