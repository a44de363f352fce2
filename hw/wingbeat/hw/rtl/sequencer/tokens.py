"""Wait/release counters between units."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.isa.instructions import COUNTER_LIMIT, Unit
from wingbeat.hw.rtl.sequencer.program import MASKS


class Tokens(wiring.Component):
    """One counter for each ordered pair of different units, 0 after reset.

    A unit neither waits for itself nor releases itself (the verifier refuses it), so there are no
    counters for that: such a wait is never met.

    Attributes
    ----------
    available : [unit] sources whose counter towards the unit holds a token
    take : [unit] sources from which the unit takes one, all of them available
    room : [unit] targets towards which the unit's counter is not full
    give : [unit] targets to which the unit gives one, all of which have room
    """

    available: Out(MASKS)
    take: In(MASKS)
    room: Out(MASKS)
    give: In(MASKS)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        for source in Unit:
            for target in Unit:
                if source is not target:
                    self._counter(m, source, target)
        return m

    def _counter(self, m: Module, source: Unit, target: Unit) -> None:
        count = Signal(range(COUNTER_LIMIT + 1), name=f"{source.name}_{target.name}")
        give = self.give[source.value][target.value]
        take = self.take[target.value][source.value]
        m.d.comb += [
            self.available[target.value][source.value].eq(count != 0),
            self.room[source.value][target.value].eq(count != COUNTER_LIMIT),
        ]
        m.d.sync += count.eq(count + give - take)
