"""Where output goes: results to stdout, everything about them to stderr."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from wingbeat.hw.errors import RequestError

_PIPE_WIDTH = 160
"""Columns of a table that goes to a file or another program."""

RESULT = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
NOTES = Console(stderr=True, highlight=False)


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object to stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


class Bar:
    """A progress bar on stderr; it appears with the first report, on a terminal only."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=1.0, visible=False)

    def share(self, step: str, share: float) -> None:
        """Show what is being done and how much of it, 0 to 1."""
        self._progress.update(self._task, description=step, completed=share, visible=True)

    def tokens(self, done: int, total: int) -> None:
        """Show how much of a prompt is processed."""
        self.share(f"prompt, {done} of {total} tokens", done / total)


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield an empty file beside `path` that takes its place at the end of the block.

    If the block raises, nothing is left of it.

    Raises
    ------
    RequestError
        At once, if no file can be written there.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise RequestError(f"output `{path}` must be writable: {error.strerror}") from None
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        aside.chmod(0o644)
        aside.replace(path)
    except BaseException as error:
        aside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise RequestError(f"output `{path}` must be writable: {error.strerror}") from None
        raise


@contextmanager
def progress_bar() -> Iterator[Bar]:
    """Show a bar until the end of the block, and leave no trace of it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=NOTES,
        transient=True,
        disable=not NOTES.is_terminal,
    ) as progress:
        yield Bar(progress)
