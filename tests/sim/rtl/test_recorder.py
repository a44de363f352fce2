"""The retire trace of the RTL: its order, its counters, its memory."""

import pytest
from tests.sim.rtl.runner import RtlRunner
from tests.sim.runner import Runner, compiled

from wingbeat.boards.board import load_board
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.register_map import RegisterMap
from wingbeat.sim.rtl.memory import Timing
from wingbeat.sim.rtl.recorder import Recording
from wingbeat.sim.trace import orders

PROMPT = [5, 250, 17, 301, 44, 90]


@pytest.fixture(scope="module")
def runner() -> RtlRunner:
    """One lane, a prompt and two tokens, recorded."""
    image = compiled(context=64, **load_board("sim1").accelerator.model_dump())
    found = RtlRunner(image, Timing(read_latency=40, stall=0.05), "speed")
    found.rtl.record()
    found.generate(PROMPT, 2)
    return found


@pytest.fixture(scope="module")
def recording(runner: RtlRunner) -> Recording:
    return runner.rtl.recording


def test_every_unit_retires_what_the_isa_machine_does(runner: RtlRunner) -> None:
    isa = Runner(runner.image)
    isa.machine.trace = []
    isa.generate(PROMPT, 2)
    assert orders(runner.rtl.trace) == orders(isa.machine.trace)
    assert all(orders(isa.machine.trace).values())


def test_counters_and_trace_agree(runner: RtlRunner, recording: Recording) -> None:
    register = runner.rtl.register
    assert recording.runs == [(0, register(RegisterMap.CYCLES))]
    assert len(recording.retired) == register(RegisterMap.RETIRED)
    for unit in Unit:
        mine = [(r.start, r.end) for r in recording.retired if r.unit is unit]
        assert covered(mine) == register(RegisterMap.BUSY, unit.value)
        waits = recording.stalled[unit]
        assert sum(end - start for start, end in waits) == register(RegisterMap.STALLED, unit.value)


def covered(spans: list[tuple[int, int]]) -> int:
    """Cycles in which there is at least one span."""
    total = reached = 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
