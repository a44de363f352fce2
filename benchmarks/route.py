"""The one-lane machine of the ULX3S as a bitstream: clock and what it fills of the device."""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path

from rich.console import Console

from wingbeat.boards.board import load_board
from wingbeat.boards.family import ECP5
from wingbeat.boards.route import route
from wingbeat.boards.synthesis import synthesise
from wingbeat.hw.rtl.accelerator import Accelerator


def main() -> None:
    """Synthesise, route, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--folder", type=Path, default=Path("build/ulx3s"))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    config = load_board("ulx3s").accelerator
    arguments.folder.mkdir(parents=True, exist_ok=True)
    began = time.time()
    with Console(stderr=True).status("synthesis") as status:
        component = Accelerator(config)
        netlist = synthesise(component, ECP5)
        status.update("place and route")
        routed = route(component, netlist, config.clock_mhz, arguments.folder, arguments.seed)
    figures = dataclasses.asdict(routed) | {
        "board": "ulx3s",
        "seed": arguments.seed,
        "wanted_mhz": config.clock_mhz,
        "bitstream": routed.bitstream.stat().st_size,
        "minutes": round((time.time() - began) / 60, 1),
    }
    arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"{routed.clock_mhz:.1f} MHz of {config.clock_mhz:.0f}, {routed.bitstream}")


if __name__ == "__main__":
    main()
