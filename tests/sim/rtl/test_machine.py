"""The small model on the RTL against the ISA machine: every byte that a program writes."""

from typing import Any

import numpy as np
import pytest
from tests.sim.rtl.runner import RtlRunner
from tests.sim.runner import Runner, compiled

from wingbeat.boards.board import load_board
from wingbeat.sim.rtl.memory import Timing
from wingbeat.sim.rtl.verilate import Optimise

PROMPT = [int(t) for t in np.random.default_rng(5).integers(3, 512, 9)]

# fmt: off
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "one lane": load_board("sim1").accelerator.model_dump(),
    "four lanes": {"lanes": 4, "vector_lanes": 4},
    "four lanes of two columns, 8:16": load_board("sim4s").accelerator.model_dump() | {"sparse": 8},
}
# fmt: on
SPARSER = {
    f"four lanes of two columns, {kept}:16": CONFIGURATIONS["four lanes of two columns, 8:16"]
    | {"sparse": kept}
    for kept in (4, 2)
}


@pytest.mark.parametrize("name", CONFIGURATIONS | SPARSER)
def test_the_model_writes_the_same_bytes(name: str) -> None:
    image = compiled(context=64, **(CONFIGURATIONS | SPARSER)[name])
    # `wingbeat sim` runs the first of them: it is built once for both
    optimise: Optimise = "speed" if name == "one lane" else "compile"
    wanted, found = Runner(image), RtlRunner(image, Timing(read_latency=40, stall=0.1), optimise)
    assert found.generate(PROMPT, 2) == wanted.generate(PROMPT, 2)
    assert found.writable() == wanted.writable()


def test_behavioural_models_change_neither_bytes_nor_cycles() -> None:
    image = compiled(context=64, **CONFIGURATIONS["one lane"])
    forms: tuple[Optimise, ...] = ("speed", "behaviour")
    gates, models = (RtlRunner(image, Timing(read_latency=40), form) for form in forms)
    assert models.generate(PROMPT, 2) == gates.generate(PROMPT, 2)
    assert models.writable() == gates.writable()
    assert models.rtl.cycles == gates.rtl.cycles
