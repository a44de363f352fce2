"""Requests as jobs: their structure, how schedulers order them, and what the device then does."""

from __future__ import annotations

import pytest

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import RequestError
from wingbeat.hw.estimate import estimate
from wingbeat.sim.schedule.catalogue import scheduler
from wingbeat.sim.schedule.window import Window
from wingbeat.sim.soc.schedule import Schedule, check
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.scheduling.accelerator.request import Request, parse_request, starts_of
from wingbeat.sw.scheduling.accelerator.turns import take_turns, turns_of
from wingbeat.sw.scheduling.accelerator.work import Grain, job_of, platform_of, together
from wingbeat.sw.session import Session

LONG, SHORT = Request("long", 40, 3), Request("short", 2, 4)
PROMPTS = [[7 + 11 * n % 450 for n in range(40)], [5, 300]]


def scheduled(image: Image, grain: Grain, name: str) -> list[Schedule]:
    platform = platform_of(image, grain)
    machine = platform.machine()
    jobs = [job_of(request, image, grain).bind(platform, machine) for request in (LONG, SHORT)]
    schedules = Window(machine, tuple((0, job) for job in jobs)).run(scheduler(name))
    check(schedules)
    return schedules


def served(image: Image, turns: list[int]) -> list[list[int]]:
    device = IsaDevice()
    device.load(image)
    sessions = [Session(device, image, slot) for slot in range(2)]
    return take_turns(sessions, [LONG, SHORT], PROMPTS, turns)


def test_starts_are_those_of_a_session(short: Image) -> None:
    starts = list(starts_of(LONG, chunk=32, context=64))
    assert [(s.known, s.position, s.generate) for s in starts] == [
        (32, 0, 0), (40, 32, 1), (41, 40, 1), (42, 41, 1),
    ]  # fmt: skip
    device = IsaDevice()
    device.load(short)
    device.record()
    session = Session(device, short)
    text = list(PROMPTS[0])
    while len(text) < 43:
        if not session.prefill(text):
            text.extend(session.generate(text, 1))
    runs = [run.arguments for run in device.recording.runs]
    assert [(run["known"], run["position"], run["generate"]) for run in runs] == [
        (s.known, s.position, s.generate) for s in starts
    ]


def test_a_start_costs_what_the_cycle_model_says(short: Image) -> None:
    tasks = {task.name: task.costs for task in job_of(SHORT, short, "start").tasks}
    manifest = short.manifest
    for number, start in enumerate(starts_of(SHORT, 32, 64)):
        cost = estimate(
            short.program, start.arguments(0), manifest.config, manifest.program.purposes
        )
        assert tasks[f"start {number}"] == {"device": cost.cycles}
    assert tasks["sample 0"] == {"host": 100 * 250}


@pytest.mark.parametrize("grain", ["start", "group"])
def test_any_scheduler_is_better_than_one_request_after_the_other(
    short: Image, grain: Grain
) -> None:
    def latency(name: str) -> int:
        return sum(schedule.makespan for schedule in scheduled(short, grain, name))

    assert latency("srpt") <= latency("etf") < latency("fifo")


def test_turns_do_not_change_tokens(short: Image) -> None:
    first = turns_of(scheduled(short, "start", "fifo"))
    mixed = turns_of(scheduled(short, "start", "etf"))
    assert first == [0, 0, 0, 0, 1, 1, 1, 1]
    assert mixed != first
    assert sorted(mixed) == first
    assert served(short, mixed) == served(short, first)


def test_too_few_turns_are_refused(short: Image) -> None:
    with pytest.raises(ValueError, match="request long must get 3 tokens of its turns, not 2"):
        served(short, [0, 0, 0, 1, 1, 1, 1])


def test_jobs_together_are_one(short: Image) -> None:
    jobs = [job_of(request, short, "start") for request in (LONG, SHORT)]
    whole = together(jobs)
    assert len(whole.tasks) == sum(len(job.tasks) for job in jobs)
    assert len(whole.edges) == sum(len(job.edges) for job in jobs)
    platform = platform_of(short, "start", cores=3)
    graph = whole.bind(platform, platform.machine())
    assert graph.machine.names == ("device", "host.0", "host.1", "host.2")


def test_a_request_that_does_not_fit_is_one_sentence(short: Image) -> None:
    with pytest.raises(RequestError, match=r"request x of 60 \+ 5 tokens must fit the context of"):
        job_of(Request("x", 60, 5), short, "start")


@pytest.mark.parametrize("text", ["", "3", "3:", ":3", "a:3", "0:3", "3:0", "-1:3"])
def test_a_malformed_request_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="request"):
        parse_request(text, "r1")
