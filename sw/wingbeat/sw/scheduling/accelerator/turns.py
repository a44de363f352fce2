"""Requests that take turns on one device, in the order of a schedule."""

from __future__ import annotations

from collections.abc import Sequence

from wingbeat.sim.soc.schedule import Schedule
from wingbeat.sw.scheduling.accelerator.request import Request
from wingbeat.sw.scheduling.accelerator.work import DEVICE
from wingbeat.sw.session import Session


def turns_of(schedules: Sequence[Schedule]) -> list[int]:
    """Return whose start is next on the device, start by start: numbers of schedules."""
    starts = []
    for number, schedule in enumerate(schedules):
        classes = schedule.graph.machine.classes
        starts += [(s.start, number) for s in schedule.slots if classes[s.element] == DEVICE]
    return [number for _, number in sorted(starts)]


def take_turns(
    sessions: Sequence[Session],
    requests: Sequence[Request],
    prompts: Sequence[Sequence[int]],
    turns: Sequence[int],
) -> list[list[int]]:
    """Return the tokens of each request, served one start at a time.

    Parameters
    ----------
    sessions : of different slots of one device, one for each request
    requests : how much is asked for
    prompts : token ids of each
    turns : whose start is next, as many as the requests have starts
    """
    texts = [list(prompt) for prompt in prompts]
    for number in turns:
        session, text = sessions[number], texts[number]
        if not session.prefill(text):
            text.extend(session.generate(text, 1))
    for text, request in zip(texts, requests, strict=True):
        if len(text) != request.prompt + request.tokens:
            raise ValueError(
                f"request {request.name} must get {request.tokens} tokens of its turns, "
                f"not {len(text) - request.prompt}"
            )
    return [text[request.prompt :] for text, request in zip(texts, requests, strict=True)]
