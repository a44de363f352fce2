"""The retire trace: what every instruction did, in one form for every machine.

    isa.trace = []                      # a `sim.isa.machine.Machine`
    rtl.record()                        # a `sim.rtl.machine.RtlMachine`
    ...                                 # run the same program on both
    assert orders(rtl.trace) == orders(isa.trace)

Units are decoupled, so what has to be equal is the order within each unit, not the order among
units and not the cycles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wingbeat.hw.control import ErrorCode
from wingbeat.hw.isa.instructions import Unit
from wingbeat.sim.counters import Counters


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


@dataclass
class Run:
    """One start of the program.

    Attributes
    ----------
    arguments : of the program
    begin, end : first cycle, and the cycle behind the last
    retired : by unit, what it executed, in order
    """

    arguments: Mapping[str, int]
    begin: int
    end: int
    retired: dict[Unit, list[Retired]]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Beats that have passed the memory ports until a cycle, since the recording began.

    Attributes
    ----------
    cycle : behind the last one that is counted
    read, written : beats of 16 bytes, by port
    """

    cycle: int
    read: tuple[int, ...]
    written: tuple[int, ...]


def by_unit() -> dict[Unit, list[tuple[int, int]]]:
    """Return an empty list for each unit."""
    return {unit: [] for unit in Unit}


@dataclass
class Recording:
    """A number of runs. Cycles count while a program runs, as the register CYCLES does.

    Attributes
    ----------
    runs : in order, without a gap
    waiting : of each unit, (cycle, instructions that wait in its queue since then)
    stalled : of each unit, (first cycle, cycle behind the last) in which it waits for tokens
    traffic : samples of the memory ports
        These three are empty if the machine does not model them.
    """

    runs: list[Run] = field(default_factory=list)
    waiting: dict[Unit, list[tuple[int, int]]] = field(default_factory=by_unit)
    stalled: dict[Unit, list[tuple[int, int]]] = field(default_factory=by_unit)
    traffic: list[Traffic] = field(default_factory=list)

    @property
    def retired(self) -> list[Retired]:
        """Every instruction of all runs, in order of `end`."""
        rows = [row for run in self.runs for unit in run.retired.values() for row in unit]
        return sorted(rows, key=lambda row: (row.end, row.unit.value))

    @property
    def counters(self) -> Counters:
        """The performance counters that the recording amounts to."""
        moved = [
            read + written
            for last in self.traffic[-1:]
            for read, written in zip(last.read, last.written, strict=True)
        ]
        return Counters(
            cycles=sum(run.end - run.begin for run in self.runs),
            retired=len(self.retired),
            busy=tuple(self._busy(unit) for unit in Unit),
            stalled=tuple(sum(end - start for start, end in self.stalled[unit]) for unit in Unit),
            beats=tuple(moved),
        )

    def _busy(self, unit: Unit) -> int:
        """Return the cycles in which a unit worked on at least one instruction."""
        total = reached = 0
        for run in self.runs:
            # a unit starts and ends its instructions in order
            for row in run.retired[unit]:
                total += max(0, row.end - max(row.start, reached))
                reached = max(reached, row.end)
        return total
