"""The retire trace: what every instruction did, in one form for every machine.

    isa.trace = []                      # a `sim.isa.machine.Machine`
    rtl.record()                        # a `sim.rtl.machine.RtlMachine`
    ...                                 # run the same program on both
    assert orders(rtl.trace) == orders(isa.trace)

Units are decoupled, so what has to be equal is the order within each unit, not the order among
units and not the cycles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wingbeat.hw.control import ErrorCode
from wingbeat.hw.isa.instructions import Unit


@dataclass(frozen=True, slots=True)
class Retired:
    """One instruction that a unit executed.

    Attributes
    ----------
    pc : index in the program
    unit : that executed it
    start : first cycle in which the unit works on it
    end : the cycle behind the last one: what it wrote is visible
    status : NONE; otherwise it did not retire but ended the program, for this reason
    """

    pc: int
    unit: Unit
    start: int
    end: int
    status: ErrorCode = ErrorCode.NONE


def orders(trace: Iterable[Retired]) -> dict[Unit, list[tuple[int, ErrorCode]]]:
    """Return (pc, status) of every instruction of each unit, in the order of retirement."""
    found: dict[Unit, list[tuple[int, ErrorCode]]] = {unit: [] for unit in Unit}
    for retired in trace:
        found[retired.unit].append((retired.pc, retired.status))
    return found
