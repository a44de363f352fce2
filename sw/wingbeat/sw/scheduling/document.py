"""A schedule as JSON, and as a timeline in Chrome's trace format."""

from __future__ import annotations

from typing import Any

from wingbeat.sim.soc.schedule import Schedule

Document = dict[str, Any]


def document(schedule: Schedule) -> Document:
    """Return a schedule as the object that is to be written as JSON.

    `tasks` are in the order of their starts; `utilisation` is of each element, until the end.
    """
    names = schedule.graph.machine.names
    tasks = [
        {"name": name, "element": names[slot.element], "start": slot.start, "finish": slot.finish}
        for name, slot in zip(schedule.graph.names, schedule.slots, strict=True)
    ]
    busy = [0] * len(names)
    for slot in schedule.slots:
        busy[slot.element] += slot.finish - slot.start
    return {
        "makespan": schedule.makespan,
        "tasks": sorted(tasks, key=lambda task: (task["start"], task["finish"])),
        "utilisation": {
            name: round(ticks / max(1, schedule.makespan), 4)
            for name, ticks in zip(names, busy, strict=True)
        },
    }


def timeline(schedule: Schedule) -> Document:
    """Return a schedule as a timeline: a track for each element, an arrow for each transfer.

    The format is that of "Trace Event Format" (Google, JSON object form); a tick is shown as a
    microsecond.
    """
    graph, slots = schedule.graph, schedule.slots
    events: list[Document] = [
        {"ph": "M", "name": "thread_name", "pid": 1, "tid": track, "args": {"name": name}}
        for track, name in enumerate(graph.machine.names)
    ]
    for name, slot in zip(graph.names, slots, strict=True):
        ticks = slot.finish - slot.start
        events.append(
            {"ph": "X", "name": name, "pid": 1, "tid": slot.element, "ts": slot.start, "dur": ticks}
        )
    for number, (before, after, volume) in enumerate(graph.edges):
        one, other = slots[before], slots[after]
        if one.element != other.element:
            flow = {"name": f"{volume:g}", "cat": "transfer", "id": number, "pid": 1}
            events.append(flow | {"ph": "s", "tid": one.element, "ts": one.finish})
            events.append(flow | {"ph": "f", "bp": "e", "tid": other.element, "ts": other.start})
    return {"displayTimeUnit": "ns", "traceEvents": events}
