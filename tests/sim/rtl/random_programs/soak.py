"""Random programs on the RTL and on the ISA machine, for as long as you like.

    python -m tests.sim.rtl.random_programs.soak 10000 --seed 1

A mismatch ends the run with the program's name, and with the smallest program that shows it;
`--only NAME` runs that one again. Every bin of the coverage table must be hit.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from rich.console import Console
from rich.progress import track
from tests.sim.rtl.random_programs.coverage import Coverage, bins
from tests.sim.rtl.random_programs.deal import Dealt, build, deal
from tests.sim.rtl.random_programs.run import Mismatch, run
from tests.sim.rtl.random_programs.shrink import shrink

from wingbeat.hw.isa.disassembler import disassemble


def check(dealt: Dealt, coverage: Coverage) -> int:
    """Run one program, and return its cycles; a Mismatch gets a listing of the smallest program."""
    case = build(dealt)
    try:
        return run(case, coverage.see)
    except Mismatch as error:
        smallest = shrink(case)
        lines = [
            f"program {dealt.name} on {dealt.target}; the smallest that differs:",
            *disassemble(smallest.program()),
            f"started with {smallest.starts}, memory {smallest.timing}",
        ]
        for line in lines:
            error.add_note(line)
        raise


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="name of one program of the run, such as 1:93")
    arguments = parser.parse_args()
    start, cycles, coverage = time.perf_counter(), 0, Coverage()
    machines: Counter[str] = Counter()
    console = Console(stderr=True)
    programs = deal(arguments.count, arguments.seed)
    for dealt in track(programs, "programs", arguments.count, console=console,
                       disable=not console.is_terminal):  # fmt: skip
        if arguments.only in (None, dealt.name):
            cycles += check(dealt, coverage)
            machines[dealt.target] += 1
    shares = ", ".join(f"{number} on {name}" for name, number in machines.items())
    print(
        f"{machines.total()} programs ({shares}), {cycles / 1e6:.1f} million cycles, no mismatch, "
        f"{bins() - len(coverage.missing())} of {bins()} bins, "
        f"{time.perf_counter() - start:.0f} s"
    )
    if arguments.only is None and coverage.missing():
        sys.exit("never executed: " + "; ".join(coverage.missing()))


if __name__ == "__main__":
    main()
