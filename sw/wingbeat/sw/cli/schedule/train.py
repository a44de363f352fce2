"""`wingbeat schedule train`: makes the learned scheduler's policy."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from wingbeat.hw.errors import ScheduleError
from wingbeat.sw.cli.output import NOTES, progress_bar


def train(
    folder: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of checkpoint, log and policy.")
    ] = Path("build/policy"),
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    steps: Annotated[int, typer.Option(min=0, help="Of policy gradient.")] = 300,
    pairs: Annotated[int, typer.Option(min=1, help="Of policies in each step.")] = 12,
    processes: Annotated[
        int | None, typer.Option(min=1, help="That run episodes; by default, one for each core.")
    ] = None,
    ray: Annotated[
        bool, typer.Option("--ray", help="Run episodes on a Ray cluster; RAY_ADDRESS names one.")
    ] = False,
) -> None:
    """Train the policy of the learned scheduler; goes on from the folder's checkpoint."""
    try:
        from wingbeat.sim.schedule.learned.training.train import Settings
        from wingbeat.sim.schedule.learned.training.train import train as run
        from wingbeat.sim.schedule.learned.training.workers import Processes, Ray
    except ImportError as error:
        raise ScheduleError(
            f"training needs {error.name}, which `pip install wingbeat[learn]` installs"
        ) from None
    made = {"command": shlex.join(["wingbeat", *sys.argv[1:]]), "commit": _commit()}
    with progress_bar() as bar, Ray() if ray else Processes(processes or os.cpu_count() or 1) as on:
        policy = run(folder, Settings(seed=seed, steps=steps, pairs=pairs), on, made, bar.share)
    NOTES.print(f"{policy}; `tensorboard --logdir {folder}` shows how it was made", soft_wrap=True)


def _commit() -> str:
    """Return the commit of the source that runs, or `unknown` for an installed package."""
    process = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return process.stdout.strip() or "unknown"
