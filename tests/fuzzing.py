"""What every fuzzer's command line has in common."""

import argparse
import resource
import time
from collections.abc import Callable


def command_line(fuzz: Callable[[int, int], object], text: str) -> None:
    """Run a fuzzer from the command line: how many cases, and which seed."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    start = time.perf_counter()
    outcome = fuzz(arguments.count, arguments.seed)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{outcome}: {arguments.count} cases in {seconds:.0f} s, {peak} MiB at most")
