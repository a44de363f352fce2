"""`wingbeat schedule`: its commands, and a job's schedule where the first word is none of them."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from wingbeat.sw.cli.schedule.bench import bench
from wingbeat.sw.cli.schedule.export import export
from wingbeat.sw.cli.schedule.job import schedule
from wingbeat.sw.cli.schedule.train import train

_JOB = "job"


class _JobByDefault(TyperGroup):
    """A group whose first word, if it is not a command, is the argument of `job`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # ctx: typer brings its own click
        """Put `job` before words that do not begin with a command."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_JOB, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_JobByDefault, no_args_is_help=True)
app.command(_JOB)(schedule)
app.command()(bench)
app.command()(export)
app.command()(train)


@app.callback()
def about() -> None:
    """Schedule a task graph: `schedule DAG --platform NAME`, short for `schedule job DAG ...`."""
