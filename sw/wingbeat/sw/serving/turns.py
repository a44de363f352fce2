"""One turn of a job: a start of the program."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from wingbeat.sw.decoding import decode
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.serving.job import Job
from wingbeat.sw.serving.metrics import Metrics
from wingbeat.sw.session import Session


def take_turn(
    job: Job,
    session: Session,
    device: Device,
    most: int,
    metrics: Metrics,
    stopped: Callable[[], bool],
) -> None:
    """Process a chunk of the job's prompt, or generate its next tokens.

    Parameters
    ----------
    job : whose turn it is
    session : of its slot
    device : of the session; idle before and afterwards
    most : tokens to generate, at most
    metrics : where it counts
    stopped : asked after each token whether the job is to be left

    Raises
    ------
    DeviceError
        If the device fails.
    """
    begin, cycles = time.perf_counter(), device.cycles
    if not session.prefill(job.tokens):
        # a copy: the job's own list grows while it is decoded
        known, sampling = list(job.tokens), job.request.sampling
        with contextlib.closing(
            decode(session, known, job.burst(most), sampling, job.random)
        ) as tokens:
            for token in tokens:
                _note(job, metrics)
                job.accept(token)
                if job.over or stopped():
                    break
    metrics.device_cycles.inc(device.cycles - cycles)
    metrics.device_seconds.inc(time.perf_counter() - begin)


def _note(job: Job, metrics: Metrics) -> None:
    """Take the time of a token."""
    now = time.monotonic()
    if job.generated:
        metrics.next_token.observe(now - job.newest)
    else:
        metrics.first_token.observe(now - job.entered)
    job.newest = now
    metrics.generated_tokens.inc()
