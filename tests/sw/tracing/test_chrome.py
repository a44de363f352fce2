"""The timeline as Perfetto's importer takes it."""

import json
from typing import Any

import pytest

from wingbeat.compiler.image import Image
from wingbeat.hw.control import ErrorCode
from wingbeat.hw.isa.instructions import Unit
from wingbeat.sim.trace import Recording, Retired, Run, Traffic
from wingbeat.sw.tracing.bandwidth import Window
from wingbeat.sw.tracing.chrome import Timeline
from wingbeat.sw.tracing.record import Recorded, record_text, traceable
from wingbeat.sw.tracing.replay import Step

Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def recorded(short: Image) -> Recorded:
    return record_text(short, traceable("isa", 100), "ROMEO.", 3)


@pytest.fixture(scope="module")
def events(recorded: Recorded) -> Events:
    document = json.loads(json.dumps(recorded.timeline()))
    assert document["otherData"] == {"clock_mhz": 250.0}
    found: Events = document["traceEvents"]
    return found


def of(events: Events, kind: str) -> Events:
    return [event for event in events if event["ph"] == kind]


def test_every_event_has_what_the_format_asks_for(events: Events) -> None:
    for event in events:
        assert {"ph", "name", "pid", "tid", "ts", "args"} <= event.keys()
        assert event["ts"] >= 0
        assert event.get("dur", 0) >= 0
    assert {event["ph"] for event in events} == {"M", "X", "C", "i"}


def test_tracks_are_named_after_units(events: Events) -> None:
    names = {e["tid"]: e["args"]["name"] for e in of(events, "M") if e["name"] == "thread_name"}
    assert names == {0: "LD", 1: "ST", 2: "MPE", 3: "MISC", 4: "SYS", 5: "runs"}


def test_every_instruction_is_a_slice(events: Events, recorded: Recorded, short: Image) -> None:
    slices = [event for event in of(events, "X") if "pc" in event["args"]]
    assert len(slices) == recorded.counters.retired == len(recorded.recording.retired)
    for event in slices:
        args = event["args"]
        instruction = short.program.instructions[args["pc"]]
        assert event["tid"] == instruction.unit.value
        assert event["name"].startswith(event["cat"])
        assert args["purpose"] == short.manifest.program.purposes[args["pc"]]
        assert args["cycles"] == args["end"] - args["start"]
        assert args["status"] == "NONE"
        # 250 cycles are a microsecond
        assert event["ts"] + event["dur"] == pytest.approx(args["end"] / 250)
        assert event["ts"] >= args["start"] / 250 - 1e-6
    weights = short.memory["weights"].bytes_on(short.manifest.config.ports)
    assert sum(event["args"]["bytes"] for event in slices) > 3 * weights


def test_slices_of_a_track_do_not_overlap(events: Events) -> None:
    for unit in Unit:
        reached = 0.0
        for event in [e for e in of(events, "X") if e["tid"] == unit.value]:
            assert event["ts"] >= reached - 1e-6
            reached = event["ts"] + event["dur"]


def test_tokens_and_runs(events: Events, recorded: Recorded) -> None:
    tokens = of(events, "i")
    assert [event["name"] for event in tokens] == ["token 1", "token 2", "token 3"]
    (run,) = [event for event in of(events, "X") if event["name"] == "run"]
    assert run["args"]["generate"] == 3
    assert run["dur"] == pytest.approx(recorded.counters.cycles / 250)
    assert tokens[-1]["ts"] <= run["dur"]


def test_bandwidth_is_a_counter(events: Events, short: Image) -> None:
    counters = of(events, "C")
    ports = short.manifest.config.ports
    assert {event["name"] for event in counters} == {
        f"memory port {i} %, estimated" for i in range(ports)
    }
    shares = [event["args"]["read"] for event in counters]
    assert 50 < max(shares) < 150
    assert shares[-1] == 0


def test_what_the_rtl_adds(short: Image) -> None:
    """Queues, waits, both directions of a port, an instruction that failed, several at once."""
    program = short.program
    pc = next(i for i, each in enumerate(program.instructions) if each.unit is Unit.MISC)
    rows = [
        Retired(pc, Unit.MISC, 10, 100),
        Retired(pc, Unit.MISC, 20, 120),
        Retired(pc, Unit.MISC, 130, 140, ErrorCode.WATCHDOG),
    ]
    traffic = [Traffic(0, (0,), (0,)), Traffic(140, (70,), (35,))]
    recording = Recording([Run({}, 0, 140, {})], traffic=traffic)
    recording.stalled[Unit.SYS].append((50, 75))
    recording.stalled[Unit.MISC].append((120, 130))
    recording.waiting[Unit.LD] += [(25, 1), (50, 0)]
    steps = [Step(row, program.instructions[pc], 32, (4, 1)) for row in rows]
    timeline = Timeline(short.manifest.config, short.manifest.program.purposes)
    windows = [Window(0, 250, (0.5,), (0.25,))]
    events = timeline.document(recording, steps, windows)["traceEvents"]
    misc = [(e["ts"], e["dur"]) for e in of(events, "X") if e["tid"] == Unit.MISC.value]
    assert misc == [(0.04, 0.36), (0.4, 0.08), (0.52, 0.04), (0.48, 0.04)]
    last = [e for e in of(events, "X") if "pc" in e["args"]][-1]
    assert (last["args"]["status"], last["args"]["loops"]) == ("WATCHDOG", [4, 1])
    assert [e["name"] for e in of(events, "X") if e["tid"] == 4] == ["waits for room in a queue"]
    assert [(e["name"], e["ts"], e["args"]) for e in of(events, "C")] == [
        ("LD queue", 0.1, {"instructions": 1}),
        ("LD queue", 0.2, {"instructions": 0}),
        ("memory port 0 %", 0.0, {"read": 50.0, "written": 25.0}),
        ("memory port 0 %", 1.0, {"read": 0.0, "written": 0.0}),
    ]
