"""The command line as a person has it: words in; exit code, stdout and stderr out."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from wingbeat.sw.cli import output
from wingbeat.sw.cli.app import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one sentence of a refusal, which is all that there is."""
        assert self.code == 1, (self.code, self.err)
        assert self.out == ""
        assert self.err.startswith("wingbeat: ")
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1
        assert "Traceback" not in self.err
        return self.err[len("wingbeat: ") : -1]


@contextlib.contextmanager
def _consoles(out: io.StringIO, err: io.StringIO) -> Iterator[None]:
    """Rich's consoles were made at import: give them these files."""
    pairs = ((output.RESULT, out), (output.NOTES, err))
    for console, file in pairs:
        console.file = file
    try:
        yield
    finally:
        for console, _ in pairs:
            console.file = None  # type: ignore[assignment]


def wingbeat(*words: str | os.PathLike[str]) -> Ended:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        _consoles(out, err),
        pytest.raises(SystemExit) as ended,
    ):
        main([os.fspath(word) for word in words])
    code = ended.value.code or 0
    assert isinstance(code, int)
    return Ended(code, out.getvalue(), err.getvalue())
