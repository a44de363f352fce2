"""How the sequencer meets the units."""

from __future__ import annotations

from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.control import ErrorCode
from wingbeat.hw.isa.instructions import Instruction, Load, Multiply, Store, Unit, Vector
from wingbeat.hw.rtl.command import resolved

CLASS_OF: dict[Unit, type[Instruction]] = {
    Unit.LD: Load,
    Unit.ST: Store,
    Unit.MPE: Multiply,
    Unit.MISC: Vector,
}
"""What each unit with a queue executes."""


class UnitPort(wiring.Signature):
    """A unit as the sequencer sees it.

    `command` is a stream of resolved commands; `done` pulses once for each that was accepted, in
    order, when all its writes are visible; `fault`, if not NONE, says that the one in progress
    failed.
    """

    def __init__(self, unit: Unit) -> None:
        super().__init__(
            {
                "command": Out(stream.Signature(resolved(CLASS_OF[unit]))),
                "done": In(1),
                "fault": In(ErrorCode),
            }
        )
