"""The engine: one thread that owns the device, and gives turns on it to many requests."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Literal

from wingbeat.hw.errors import DeviceError, WingbeatError
from wingbeat.sw.llm import LLM
from wingbeat.sw.serving.errors import BusyError, UnavailableError
from wingbeat.sw.serving.job import Job
from wingbeat.sw.serving.metrics import Metrics
from wingbeat.sw.serving.roster import Roster
from wingbeat.sw.serving.turns import take_turn

Health = Literal["ok", "recovering", "failed", "draining", "closed"]
"""How the engine is; it takes requests while it is ok or recovering."""

FIRST_RETRY = 0.2
LAST_RETRY = 10.0
"""Seconds between two attempts to bring a device back: doubled from the first to the last."""

PATIENCE = 60.0
"""Seconds of such attempts after which requests no longer wait for the device."""

LONGEST_RETRY_AFTER = 120
"""Seconds that a client is told to stay away, at most."""

_log = logging.getLogger(__name__)


class Engine:
    """Serves jobs, several at once, each in its own slot of the image.

    A turn is one start of the program: a chunk of a prompt, or a few tokens. All methods may be
    called from any thread.

    Parameters
    ----------
    llm : whose sessions it takes over
    metrics : where it counts
    turn : tokens of a turn, at most
    queue : jobs that may wait for a slot
    """

    def __init__(self, llm: LLM, metrics: Metrics, *, turn: int = 4, queue: int = 64) -> None:
        self._llm = llm
        self._metrics = metrics
        self._turn = turn
        self._queue = queue
        self._roster = Roster(len(llm.sessions))
        self._changed = threading.Condition()
        self._on_turn: Job | None = None
        self._health: Health = "ok"
        self._seconds_a_job = 1.0
        self._thread = threading.Thread(target=self._run, name="wingbeat-engine", daemon=True)
        metrics.slots.set(self._roster.slots)
        self._report()

    @property
    def health(self) -> Health:
        """How the engine is."""
        return self._health

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Put a job into the queue.

        Raises
        ------
        BusyError
            If the queue is full.
        UnavailableError
            If nothing is served any more, or not until somebody repairs the device.
        """
        with self._changed:
            if self._health in ("failed", "draining", "closed"):
                self._metrics.requests.labels("unavailable").inc()
                raise UnavailableError(f"requests must wait for another server: {self._reason()}")
            waiting = len(self._roster.waiting)
            # whoever finds a slot free does not wait
            free = self._roster.slots - len(self._roster.running)
            if waiting >= self._queue + free:
                self._metrics.requests.labels("busy").inc()
                seconds = self._seconds_a_job * (waiting + 1) / self._roster.slots
                raise BusyError(
                    f"at most {self._queue} requests may wait for one of {self._roster.slots} "
                    "slots, and as many do: try again later",
                    min(max(math.ceil(seconds), 1), LONGEST_RETRY_AFTER),
                )
            self._roster.waiting.append(job)
            self._report()
            self._changed.notify()

    def cancel(self, job: Job) -> None:
        """Give up a job, whose client is gone; one that is over already does not mind."""
        with self._changed:
            if job.over:
                return
            job.cancelled = True
            # a job on its turn is looked at after the token in progress
            if job is not self._on_turn:
                self._leave(job)

    def drain(self) -> None:
        """Finish what has a slot, and refuse everything else from now on."""
        with self._changed:
            if self._health != "closed":
                self._become("draining")
            for job in list(self._roster.waiting):
                job.fail(UnavailableError("requests must wait for another server: it shuts down"))
                self._leave(job)
            self._changed.notify()

    def close(self, deadline: float) -> bool:
        """Stop serving; what runs is given up.

        Parameters
        ----------
        deadline : value of `time.monotonic()`, seconds

        Returns
        -------
        Whether the thread has ended by then, and left the device alone.
        """
        with self._changed:
            self._become("closed")
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        with self._changed:
            self._fail_all(UnavailableError("requests must end before the server: it shuts down"))
        return not self._thread.is_alive()

    # ---- in the engine's thread ----------------------------------------------------------------

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._take_turn(job)
            except Exception as error:
                # whatever it was: the device is in a state that nobody knows
                self._fail(job, error)
                self._recover()
            finally:
                with self._changed:
                    self._on_turn = None
                    if job.over or job.cancelled:
                        self._leave(job)

    def _next(self) -> Job | None:
        """Wait for a job whose turn it is; None once the engine is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._health == "closed" or any(self._roster))
            if self._health == "closed":
                return None
            now = time.monotonic()
            for job in self._roster.admit(self._reusable):
                job.admitted = now
                self._metrics.prompt_tokens.inc(len(job.request.prompt))
                self._metrics.cached_tokens.inc(job.cached)
            self._on_turn = self._roster.turn()
            self._report()
            return self._on_turn

    def _reusable(self, slot: int, job: Job) -> int:
        return self._llm.sessions[slot].reusable(job.request.prompt)

    def _take_turn(self, job: Job) -> None:
        assert job.slot is not None, "only jobs with a slot have turns"
        take_turn(
            job,
            self._llm.sessions[job.slot],
            self._llm.device,
            self._turn,
            self._metrics,
            lambda: job.cancelled or self._health == "closed",
        )

    def _fail(self, job: Job, error: Exception) -> None:
        self._metrics.device_errors.inc()
        if not isinstance(error, WingbeatError):
            _log.error("a request ended with an error of the server", exc_info=error)
            error = DeviceError(f"the server failed: {type(error).__name__}")
        if not job.over:
            job.fail(error)

    def _recover(self) -> None:
        """Bring the device back, however long that takes; the other jobs go on behind it."""
        delay, begin = FIRST_RETRY, time.monotonic()
        with self._changed:
            if self._health == "ok":
                self._become("recovering")
        while self._health != "closed":
            try:
                self._llm.recover()
            except Exception as error:
                _log.warning("the device does not come back: %s", error)
                with self._changed:
                    if time.monotonic() - begin >= PATIENCE:
                        if self._health == "recovering":
                            self._become("failed")
                        self._fail_all(DeviceError(f"the device does not come back: {error}"))
                    self._changed.wait_for(lambda: self._health == "closed", delay)
                delay = min(2 * delay, LAST_RETRY)
            else:
                with self._changed:
                    if self._health in ("recovering", "failed"):
                        self._become("ok")
                return

    # ---- with the lock held ----------------------------------------------------------------------

    def _leave(self, job: Job) -> None:
        if not self._roster.leave(job):
            return
        if job.slot is not None:
            held = time.monotonic() - job.admitted
            self._seconds_a_job += 0.2 * (held - self._seconds_a_job)
        finish = job.request.answer.finish
        failed = "error" if job.over else "cancelled"
        self._metrics.requests.labels(finish or failed).inc()
        self._report()

    def _fail_all(self, error: WingbeatError) -> None:
        for job in list(self._roster):
            if not job.over:
                job.fail(error)
            if job is not self._on_turn:
                self._leave(job)

    def _become(self, health: Health) -> None:
        self._health = health
        self._report()

    def _report(self) -> None:
        self._metrics.running.set(len(self._roster.running))
        self._metrics.waiting.set(len(self._roster.waiting))
        self._metrics.ready.set(self._health in ("ok", "recovering"))

    def _reason(self) -> str:
        return "the device does not come back" if self._health == "failed" else "it shuts down"
