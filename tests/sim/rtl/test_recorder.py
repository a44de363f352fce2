"""What a recording of the RTL says: against the ISA machine, and against its own registers."""

import itertools

import pytest
from tests.sim.rtl.runner import RtlRunner
from tests.sim.runner import Runner, compiled

from wingbeat.boards.board import load_board
from wingbeat.hw.isa.instructions import Unit
from wingbeat.sim.rtl.memory import Timing
from wingbeat.sim.trace import Recording, orders

PROMPT = [5, 250, 17, 301, 44, 90]


@pytest.fixture(scope="module")
def runner() -> RtlRunner:
    """One lane, two runs, recorded."""
    image = compiled(context=64, **load_board("sim1").accelerator.model_dump())
    found = RtlRunner(image, Timing(read_latency=40, stall=0.05), "speed")
    found.rtl.record()
    found.generate(PROMPT, 2)
    found.generate([*PROMPT, 7], 1)
    return found


@pytest.fixture(scope="module")
def recording(runner: RtlRunner) -> Recording:
    return runner.rtl.recording


def test_every_unit_retires_what_the_isa_machine_does(runner: RtlRunner) -> None:
    isa = Runner(runner.image)
    isa.machine.trace = []
    isa.generate(PROMPT, 2)
    isa.generate([*PROMPT, 7], 1)
    assert orders(runner.rtl.trace) == orders(isa.machine.trace)
    assert all(orders(isa.machine.trace).values())


def test_counters_trace_and_memory_agree(runner: RtlRunner, recording: Recording) -> None:
    """Every register of the accelerator is what the trace adds up to, to the cycle and beat."""
    assert recording.counters == runner.rtl.counters
    assert len(recording.runs) == 2
    assert all(recording.counters.busy)
    assert all(recording.counters.stalled)


def test_the_memory_ports_are_sampled(recording: Recording) -> None:
    first, *_, last = recording.traffic
    assert (first.cycle, *first.read, *first.written) == (0, 0, 0)
    assert last.cycle == recording.runs[-1].end
    assert last.read[0] > last.written[0] > 0
    for before, after in itertools.pairwise(recording.traffic):
        beats = after.read[0] - before.read[0] + after.written[0] - before.written[0]
        # a port of one beat moves at most one in each direction
        assert 0 <= beats <= 2 * (after.cycle - before.cycle)


def test_queues_fill_and_empty(recording: Recording) -> None:
    depth = load_board("sim1").accelerator.queue_depth
    for unit in set(Unit) - {Unit.SYS}:
        counts = [count for _, count in recording.waiting[unit]]
        # the matrix unit's queue has two stages, and a buffer holds one more
        assert min(counts) == counts[-1] == 0 < max(counts) <= 2 * (depth + 1)
    assert recording.waiting[Unit.SYS] == []
