"""Requests in different phases on one accelerator: schedulers against the order of their arrival.

By start, every schedule's order of starts is run on the ISA machine: its tokens must equal those of
the requests alone. By group, it is emulated only: no machine has a sequencer for each request yet.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random
from typing import Any

from wingbeat.compiler.image import Image
from wingbeat.sim.schedule.catalogue import SCHEDULERS, scheduler
from wingbeat.sim.schedule.clairvoyant import Clairvoyant
from wingbeat.sim.schedule.window import Window
from wingbeat.sim.soc.schedule import Schedule, check
from wingbeat.sw.cache import open_image
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.models import find_model
from wingbeat.sw.scheduling.accelerator.request import Request
from wingbeat.sw.scheduling.accelerator.turns import take_turns, turns_of
from wingbeat.sw.scheduling.accelerator.work import Grain, job_of, platform_of, together
from wingbeat.sw.scheduling.gantt import draw_gantt
from wingbeat.sw.session import Session

REQUESTS = (
    Request("A", 96, 4),
    Request("B", 4, 12),
    Request("C", 48, 8),
    Request("D", 2, 6),
)
"""Long prompts and long answers, all there at once; the first is the one that arrived first."""

SECONDS = 60.0
"""Of the solver, for the bound."""


def serve(image: Image, turns: list[int]) -> list[list[int]]:
    """Return the tokens of all requests on one ISA machine, in an order of starts."""
    draw = Random("prompts")
    size = image.manifest.model.vocabulary
    prompts = [[draw.randrange(size) for _ in range(each.prompt)] for each in REQUESTS]
    device = IsaDevice()
    device.load(image)
    sessions = [Session(device, image, slot) for slot in range(len(REQUESTS))]
    return take_turns(sessions, REQUESTS, prompts, turns)


def window(image: Image, grain: Grain) -> Window:
    """Return the requests, all there at once."""
    platform = platform_of(image, grain)
    machine = platform.machine()
    jobs = [job_of(each, image, grain).bind(platform, machine) for each in REQUESTS]
    return Window(machine, tuple((0, job) for job in jobs))


def measure(work: Window, names: list[str], clock: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return figures in milliseconds, and the schedules, by scheduler."""
    schedules: dict[str, list[Schedule]] = {}
    figures: dict[str, Any] = {}
    for name in names:
        schedules[name] = work.run(scheduler(name))
        check(schedules[name])
        figures[name] = {
            "mean_latency_ms": work.latency(schedules[name]) / clock / 1000,
            "makespan_ms": max(each.makespan for each in schedules[name]) / clock / 1000,
        }
    for value in figures.values():
        for other in ("fifo", "etf"):
            share = value["mean_latency_ms"] / figures[other]["mean_latency_ms"] - 1
            value[f"latency_against_{other}"] = round(share, 4)
        value["mean_latency_ms"] = round(value["mean_latency_ms"], 3)
        value["makespan_ms"] = round(value["makespan_ms"], 3)
    return figures, schedules


def picture(image: Image, schedules: list[Schedule], name: str, path: Path) -> None:
    """Draw a schedule of starts, all requests in one picture."""
    platform = platform_of(image, "start")
    jobs = [job_of(each, image, "start") for each in REQUESTS]
    graph = together(jobs).bind(platform, platform.machine())
    slots = tuple(slot for schedule in schedules for slot in schedule.slots)
    draw_gantt(Schedule(graph, slots), name, platform.unit, path, "svg")


def main() -> None:
    """Compare, confirm, print the figures, and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--model", default="tests/models/tiny.gguf", help="model, as `wingbeat run` takes it"
    )
    parser.add_argument("--board", default="sim4", help="board that it is compiled for")
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument("--gantt", type=Path, help="picture to write, .svg")
    arguments = parser.parse_args()
    image = open_image(
        find_model(arguments.model), arguments.board, context=256, slots=len(REQUESTS)
    )
    clock = image.manifest.config.clock_mhz
    names = ["fifo", *sorted(SCHEDULERS.keys() - {"fifo"})]
    starts, schedules = measure(work := window(image, "start"), names, clock)
    bounds = Clairvoyant(SECONDS, 8).solve(work)
    served: dict[tuple[int, ...], list[list[int]]] = {}
    for name, value in starts.items():
        turns = tuple(turns_of(schedules[name]))
        if turns not in served:
            served[turns] = serve(image, list(turns))
        value["tokens_equal"] = served[turns] == served[tuple(turns_of(schedules["fifo"]))]
    groups, _ = measure(window(image, "group"), names, clock)
    figures = {
        "model": image.manifest.model.name,
        "board": arguments.board,
        "clock_mhz": clock,
        "requests": {r.name: {"prompt": r.prompt, "tokens": r.tokens} for r in REQUESTS},
        "starts": starts,
        "starts_clairvoyant": {
            "lower_ms": round(bounds.lower / clock / 1000, 3),
            "found_ms": round(bounds.found / clock / 1000, 3),
        },
        "groups": groups,
    }
    text = json.dumps(figures, indent=1)
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    if arguments.gantt is not None:
        title = f"{image.manifest.model.name} on {arguments.board}: starts of four requests, srpt"
        picture(image, schedules["srpt"], title, arguments.gantt)


if __name__ == "__main__":
    main()
