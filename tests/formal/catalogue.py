"""All property sets; `make formal` proves them deeper than the tests do.

python -m tests.formal.catalogue --json docs/figures/formal.json
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.progress import track
from tests.formal import arbiter, axi, order, reader, sharing, streams, tokens, unit_queue, writer
from tests.formal.case import Case

CASES: tuple[Case, ...] = (
    *streams.CASES,
    *order.CASES,
    *sharing.CASES,
    *tokens.CASES,
    *unit_queue.CASES,
    *arbiter.CASES,
    *axi.CASES,
    *reader.CASES,
    *writer.CASES,
)

DEADLINE = 1800
"""Seconds that one deep proof may take."""


def main() -> None:
    """Prove everything, deep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = []
    for case in track(CASES, "proofs", disable=not sys.stderr.isatty()):
        result = case.holds(deep=True, deadline=DEADLINE)
        depth = "unbounded" if case.mode == "prove" else f"{max(case.depth, case.deep)} cycles"
        print(f"{case.name}: {result.status}, {depth}, {result.seconds} s", flush=True)
        figures.append({"name": case.name, "depth": depth, **asdict(result)})
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    if failed := [figure["name"] for figure in figures if figure["status"] != "PASS"]:
        raise SystemExit(f"not proved: {', '.join(map(str, failed))}")


if __name__ == "__main__":
    main()
