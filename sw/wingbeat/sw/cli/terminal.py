"""What people see besides the answer: progress and numbers on stderr, tables on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Bar:
    """One line of progress, which says what is being done and how much of it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def share(self, step: str, share: float) -> None:
        """Show a step and how much is done, 0 to 1."""
        if self._task is None:
            self._task = self._progress.add_task("", total=1.0)
        self._progress.update(self._task, description=escape(step), completed=share)

    def prefill(self, done: int, total: int) -> None:
        """Show the tokens of a prompt that are processed."""
        self.share(f"reading the prompt, {done} of {total} tokens", done / total)


@contextmanager
def progress_bar() -> Iterator[Bar]:
    """Show progress on stderr while the block runs, and nothing where stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        yield Bar(progress)


def note(text: str) -> None:
    """Print a line for people on stderr."""
    print(text, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def print_facts(facts: dict[str, str]) -> None:
    """Print names and values in two columns."""
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:{width}}  {value}".rstrip())
