"""Mutation check: break each RTL unit on purpose, and see that a test fails.

    python -m tests.mutation.run --count 2 --seed 1 --json docs/figures/mutation.json [FILE ...]

Each mutation is applied to a copy of `hw/`; the proofs of the file's unit run on it, then the tests
that mirror the file, those of its folder, and a model on the whole machine of one lane, until one
fails.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.progress import track
from tests.formal.catalogue import CASES
from tests.mutation.mutations import Mutation, mutations

ROOT = Path(__file__).resolve().parents[2]
RTL = Path("hw/wingbeat/hw/rtl")
MACHINE = ["tests/sim/rtl/test_machine.py::test_the_model_writes_the_same_bytes[one lane]"]
FOLDERS = ("hw", "sw", "sim", "compiler", "boards")
DEADLINE = 300
"""Seconds that a stage of tests may take; a mutation may make a program run for ever."""


@dataclass(frozen=True)
class Outcome:
    """What became of a mutation: "killed" by a test, "timeout" or "survived"."""

    file: str
    change: str
    kind: str
    outcome: str
    by: str
    seconds: float


def components() -> list[Path]:
    """Return every component file, from the root of the repository."""
    files = sorted((ROOT / RTL).rglob("*.py"))
    return [file.relative_to(ROOT) for file in files if mutations(file.read_text())]


def stages(file: Path, machine: bool = True) -> list[list[str]]:
    """Return what is run for a file, cheapest first: lists of tests."""
    folder = Path("tests") / file.parent.relative_to("hw/wingbeat")
    own = folder / f"test_{file.stem}.py"
    found = [proofs] if (proofs := _proofs(file)) else []
    if (ROOT / own).exists():
        found.append([str(own)])
    if file.parent != RTL and any((ROOT / folder).glob("test_*.py")):
        found.append([str(folder)])
    return [*found, MACHINE] if machine or not found else found


def _proofs(file: Path) -> list[str]:
    """Return the formal proofs of a file's unit, without those of seeded bugs."""
    module = ".".join(file.relative_to("hw").with_suffix("").parts)
    return [
        f"tests/formal/test_proofs.py::{test}[{case.name.replace(' ', '_')}]"
        for case in CASES
        for test in ("test_it_holds", "test_everything_it_speaks_of_happens")
        if case.unit.__module__ == module
    ]


@contextmanager
def workshop() -> Iterator[Path]:
    """Yield a folder with a copy of `hw`, and `cache` with links to what was built before."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "hw", folder / "hw", ignore=shutil.ignore_patterns("__pycache__"))
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        (folder / "cache").mkdir()
        for entry in cache.iterdir() if cache.exists() else ():
            if entry.name != "wingbeat":
                (folder / "cache" / entry.name).symlink_to(entry)
        if (cache / "wingbeat").exists():
            linked = folder / "cache" / "wingbeat"
            unfinished = shutil.ignore_patterns("build-*", "*.lock")
            shutil.copytree(cache / "wingbeat", linked, copy_function=os.symlink, ignore=unfinished)
        yield folder


def attempt(
    file: Path, mutation: Mutation, tests: list[list[str]], deadline: float = DEADLINE
) -> Outcome:
    """Apply one mutation and run tests until one fails."""
    start = time.monotonic()
    source = (ROOT / file).read_text()
    outcome, by = "survived", ""
    with workshop() as folder:
        (folder / file).write_text(mutation.apply(source))
        paths = [folder / "hw", *(ROOT / name for name in FOLDERS), ROOT]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        for stage in tests:
            options = ["-x", "--tb=line", "-p", "no:cacheprovider", *stage]
            try:
                run = subprocess.run(
                    [sys.executable, "-m", "pytest", *options],
                    cwd=ROOT,
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=deadline,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                outcome, by = "timeout", stage[0]
                break
            if run.returncode:
                failed = re.search(r"^(?:FAILED|ERROR) (\S+)", run.stdout, re.M)
                outcome, by = "killed", failed[1] if failed else stage[0]
                break
    text = mutation.describe(source)
    return Outcome(str(file), text, mutation.kind, outcome, by, round(time.monotonic() - start, 1))


def choose(file: Path, count: int, seed: int) -> list[Mutation]:
    """Draw mutations of a file, the same ones for the same seed and source."""
    found = mutations((ROOT / file).read_text())
    return random.Random(f"{seed} {file}").sample(found, min(count, len(found)))


def table(outcomes: list[Outcome]) -> str:
    """Return a Markdown table by folder."""
    lines = ["| Folder | Mutations | Killed | Timeout | Survived |", "|---|---:|---:|---:|---:|"]
    folders = sorted({str(Path(each.file).parent.relative_to(RTL.parent)) for each in outcomes})
    for folder in [*folders, "all"]:
        here = [
            each.outcome
            for each in outcomes
            if folder in ("all", str(Path(each.file).parent.relative_to(RTL.parent)))
        ]
        counts = [here.count(name) for name in ("killed", "timeout", "survived")]
        lines.append(f"| {folder} | {len(here)} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*", help="component files; all without one")
    parser.add_argument("--count", type=int, default=2, help="mutations of a file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-machine", action="store_true", help="component tests only")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    work = [
        (file, mutation, stages(file, not arguments.no_machine))
        for file in arguments.files or components()
        for mutation in choose(file, arguments.count, arguments.seed)
    ]
    outcomes: list[Outcome] = []
    for item in track(work, "mutations", disable=not sys.stderr.isatty()):
        outcomes.append(attempt(*item))
        print(*asdict(outcomes[-1]).values(), sep=" | ", flush=True)
        if arguments.json:
            record = {"seed": arguments.seed, "mutations": [asdict(each) for each in outcomes]}
            arguments.json.write_text(json.dumps(record, indent=1) + "\n")
    print(table(outcomes))


if __name__ == "__main__":
    main()
