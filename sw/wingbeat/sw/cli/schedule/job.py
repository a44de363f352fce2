"""`wingbeat schedule DAG`: a task graph and a platform in, a schedule out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from wingbeat.sim.schedule.catalogue import schedule_job
from wingbeat.sim.schedule.optimum import Optimum
from wingbeat.sim.soc.catalogue import load_job, load_platform, names
from wingbeat.sim.soc.graph import Graph
from wingbeat.sim.soc.job import read_job
from wingbeat.sim.soc.platform import Platform, read_platform
from wingbeat.sim.soc.schedule import Schedule, check
from wingbeat.sw.cli.options import AsJson
from wingbeat.sw.cli.output import NOTES, RESULT, print_json, progress_bar, written_aside
from wingbeat.sw.scheduling.document import Document, document, timeline
from wingbeat.sw.scheduling.gantt import draw_gantt, picture_format


def schedule(
    dag: Annotated[
        str,
        typer.Argument(
            metavar="DAG", help=f"JSON file of a task graph, or a name: {', '.join(names('job'))}."
        ),
    ],
    platform: Annotated[
        str, typer.Option(help=f"A name ({', '.join(names('platform'))}), or a YAML file.")
    ],
    scheduler: Annotated[str, typer.Option(help="Scheduler, such as heft or optimum.")] = "heft",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Schedule to write, as JSON.")
    ] = None,
    gantt: Annotated[
        Path | None, typer.Option(help="Picture to write: .svg, .png or .pdf.")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Timeline to write, JSON that Perfetto opens.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0, help="Limit of the solver's time, for the optimum.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Schedule the tasks of a graph on the elements of a platform."""
    described = _platform(platform)
    job = read_job(Path(dag)) if dag.endswith(".json") else load_job(dag)
    graph = job.bind(described, described.machine())
    form = None if gantt is None else picture_format(gantt)
    with progress_bar() as bar:
        bar.share(f"{scheduler}, {len(graph)} tasks", 0.0)
        result, bound = _solve(graph, scheduler, seconds)
        check([result])
    value: Document = {
        "job": job.name,
        "platform": described.name,
        "unit": described.unit,
        "scheduler": scheduler,
    }
    value |= document(result)
    if bound is not None:
        value["bound"] = bound
    for path, content in ((output, value), (trace, timeline(result))):
        if path is not None:
            with written_aside(path) as aside:
                aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if gantt is not None and form is not None:
        title = f"{job.name} on {described.name}, {scheduler}: {result.makespan} {described.unit}"
        with written_aside(gantt) as aside:
            draw_gantt(result, title, described.unit, aside, form)
    if as_json:
        print_json(value)
        return
    RESULT.print(_table(value))
    NOTES.print(_summary(value), style="dim", soft_wrap=True)


def _platform(name: str) -> Platform:
    if Path(name).suffix in (".yaml", ".yml"):
        return read_platform(Path(name))
    return load_platform(name)


def _solve(graph: Graph, scheduler: str, seconds: float) -> tuple[Schedule, int | None]:
    """Return a schedule and, of the optimum, the bound."""
    if scheduler == "optimum":
        solution = Optimum(seconds).solve(graph)
        return solution.schedule, solution.bound
    return schedule_job(graph, scheduler), None


def _table(value: Document) -> Table:
    table = Table("task", "element")
    for column in ("start", "finish"):
        table.add_column(column, justify="right")
    for task in value["tasks"]:
        table.add_row(task["name"], task["element"], str(task["start"]), str(task["finish"]))
    return table


def _summary(value: Document) -> str:
    text = f"{value['scheduler']}: {value['makespan']} {value['unit']}"
    if "bound" in value:
        proved = value["bound"] >= value["makespan"]
        text += ", the optimum" if proved else f", and no schedule is below {value['bound']}"
    return text
