"""A text on both machines: the same instructions, each with its own cycles."""

import itertools

import pytest
from tests.sim.runner import compiled

from wingbeat.boards.board import load_board
from wingbeat.hw.errors import DeviceError
from wingbeat.sim.trace import orders
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.tracing.record import Recorded, record_text, traceable


@pytest.fixture(scope="module")
def both() -> tuple[Recorded, Recorded]:
    # the machine of tests/sim/rtl/test_recorder.py: it is built once
    image = compiled(context=64, **load_board("sim1").accelerator.model_dump())
    isa, rtl = (record_text(image, traceable(name, 100), "ROMEO.", 2) for name in ("isa", "rtl"))
    return isa, rtl


def test_both_machines_do_the_same(both: tuple[Recorded, Recorded]) -> None:
    isa, rtl = both
    assert isa.text == rtl.text
    assert orders(isa.recording.retired) == orders(rtl.recording.retired)
    isa_steps, rtl_steps = isa.steps(), rtl.steps()
    assert [(s.retired.pc, s.loops, s.bytes) for s in isa_steps] == [
        (s.retired.pc, s.loops, s.bytes) for s in rtl_steps
    ]


def test_the_rtl_moves_the_bytes_that_instructions_are_said_to(
    both: tuple[Recorded, Recorded],
) -> None:
    """Nearly: the program is read too, and LD and ST are said to move whole groups of beats."""
    _, rtl = both
    said = sum(step.bytes for step in rtl.steps())
    moved = 16 * sum(rtl.counters.beats)
    assert abs(moved - said) < 0.01 * said


def test_timelines_are_made_of_either(both: tuple[Recorded, Recorded]) -> None:
    isa, rtl = (recorded.timeline()["traceEvents"] for recorded in both)
    names = [{event["name"] for event in events if event["ph"] == "C"} for events in (isa, rtl)]
    assert names[0] == {"memory port 0 %, estimated"}
    assert names[1] == {"memory port 0 %", "LD queue", "ST queue", "MPE queue", "MISC queue"}
    shares = [event["args"]["read"] for event in rtl if event["name"] == "memory port 0 %"]
    assert 0 <= min(shares) < max(shares) <= 100


def test_only_machines_in_this_process_have_a_trace() -> None:
    with pytest.raises(DeviceError, match="device must be isa or rtl for a trace, not `pynq`"):
        traceable("pynq", 100)


def test_runs_follow_each_other_without_a_gap() -> None:
    image = compiled(context=64, slots=2)
    long = "First Citizen: Before we proceed any further, hear me speak. All: Speak"
    recorded = record_text(image, IsaDevice(), long, 4)
    runs = recorded.recording.runs
    assert runs[0].begin == 0
    assert runs[-1].end == recorded.counters.cycles
    assert all(before.end == after.begin for before, after in itertools.pairwise(runs))
    for run in runs:
        rows = [row for unit in run.retired.values() for row in unit]
        assert min(row.start for row in rows) >= run.begin
        assert max(row.end for row in rows) <= run.end
