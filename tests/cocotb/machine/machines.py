"""Machines that run under cocotb, and the model they run.

The simulator is a process of its own: a variable of the environment tells it which machine it is.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from tests.sim.runner import Runner, compiled

from wingbeat.boards.board import load_board
from wingbeat.compiler.image import Image

SIM1 = load_board("sim1").accelerator.model_dump()

MACHINES: dict[str, dict[str, Any]] = {
    "one lane": SIM1,
    # each port feeds a lane; few formats make it quick to build
    "two ports": {**SIM1, "lanes": 2, "ports": 2, "formats": ("uint4g32", "int8g32")},
}

VARIABLE = "WINGBEAT_MACHINE"


@cache
def image(name: str | None = None) -> Image:
    """Return the small model for a machine; for the one that is simulated if none is named."""
    return compiled(context=64, **MACHINES[name or os.environ[VARIABLE]])


PROMPT = [17]
"""What the machines are asked; they answer one token."""


@cache
def definition() -> dict[str, bytes]:
    """Return what the machine that is simulated writes, by the ISA machine."""
    runner = Runner(image())
    runner.generate(PROMPT, 1)
    return runner.writable()
