"""What the registers of an accelerator tell about a program that did not end well."""

from __future__ import annotations

from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.register_map import RegisterMap
from wingbeat.sw.driver.link import Link


def diagnose(link: Link) -> str:
    """Return one line: state, error record, counters, and what each unit did between two looks."""
    try:
        before = _activity(link)
        state, error = link.read(RegisterMap.STATE), link.read(RegisterMap.ERROR)
        pc, unit = link.read(RegisterMap.ERROR_PC), link.read(RegisterMap.ERROR_UNIT)
        retired, cycles = link.read(RegisterMap.RETIRED), link.read(RegisterMap.CYCLES)
        link.transport.wait(0.001)
        after = _activity(link)
    except DeviceError as unreachable:
        return f"registers cannot be read: {unreachable}"
    units = ", ".join(
        f"{unit.name} {_doing(now, then)}"
        for unit, now, then in zip(Unit, after, before, strict=True)
    )
    return (
        f"registers: {_name(State, state)}, error {_name(ErrorCode, error)} at instruction {pc} of "
        f"{_name(Unit, unit)}, {retired} instructions in {cycles} cycles; units: {units}"
    )


def _activity(link: Link) -> list[tuple[int, int]]:
    """Return busy and stalled cycles by unit."""
    return [
        (link.read(RegisterMap.BUSY, u.value), link.read(RegisterMap.STALLED, u.value))
        for u in Unit
    ]


def _doing(now: tuple[int, int], then: tuple[int, int]) -> str:
    if now[0] != then[0]:
        return "busy"
    return "stalled" if now[1] != then[1] else "idle"


def _name(kind: type[State] | type[ErrorCode] | type[Unit], value: int) -> str:
    """Return the name of a member, or the number if a damaged register holds none."""
    return next((member.name for member in kind if member.value == value), str(value))
